/// Memory that the host and the commands of one queue take turns with.
protocol Staging: AnyObject {
  /// What kernels use.
  var memory: KernelMemory { get throws(DeviceError) }

  /// Waits until the memory is there, if others may have it, or will never be.
  func reserve()

  /// Gives the memory to the host to fill, as soon as no command uses it.
  func lend() throws(DeviceError) -> UnsafeMutableRawPointer

  /// Gives the memory to the commands that are enqueued from now on, with so many bytes of it in use.
  func submit(byteCount: Int) throws(DeviceError)

  /// Starts to copy what is in pinned memory already, for the commands that are enqueued from now on.
  func submit(_ upload: Upload) throws(DeviceError)

  /// Starts to give the memory to the host to fill, which has it when the queue has finished; nil if the host
  /// has to ask for it then.
  func reclaim() throws(DeviceError) -> UnsafeMutableRawPointer?

  /// Lets others have the memory until it is lent again, now that the queue has finished.
  func release()
}

extension Staging {
  /// Only for memory that is copied.
  func submit(_ upload: Upload) throws(DeviceError) {}

  // Only for memory that others wait for.

  func reserve() {}
  func release() {}
}

/// Memory that commands write to.
protocol OutputStaging: Staging {
  /// Starts to give a frame at the start of the memory to the host, which has it when the queue has
  /// finished.
  func fetch(_ frame: CanaryFrame) throws(DeviceError) -> UnsafeMutableRawPointer
}
