/// Memory that the host and the device take turns with.
protocol Staging: AnyObject {
  /// What kernels use.
  var buffer: Buffer { get }

  /// Gives the memory to the host to fill, as soon as no command uses it.
  func lend(by queue: Queue) throws(DeviceError) -> UnsafeMutableRawPointer

  /// Gives the memory to the commands that are enqueued from now on, with so many bytes of it in use.
  func submit(byteCount: Int, to queue: Queue) throws(DeviceError)

  /// Starts to give so many bytes to the host, which has them when the queue has finished.
  func fetch(byteCount: Int, from queue: Queue) throws(DeviceError) -> UnsafeMutableRawPointer
}
