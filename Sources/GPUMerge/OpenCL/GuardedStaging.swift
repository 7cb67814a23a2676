/// Staging memory that a device writes to, between canaries.
final class GuardedStaging {
  /// How far into the buffer the memory begins.
  var origin: Int { frame.guardByteCount }
  /// What kernels use.
  var memory: KernelMemory {
    get throws(DeviceError) { try staging.memory }
  }

  private let staging: any OutputStaging
  private let frame: CanaryFrame
  /// Where the canaries and the memory are once they have been fetched.
  private var fetched: UnsafeMutableRawPointer?

  /// Plants the canaries in `staging`, which must have the whole frame's size.
  init(_ staging: any OutputStaging, _ frame: CanaryFrame) throws(DeviceError) {
    self.staging = staging
    self.frame = frame
    frame.plant(at: try staging.lend())
    try staging.submit(byteCount: frame.wholeByteCount)
  }

  /// Gives the memory to the host to fill, as soon as no command uses it.
  func lend() throws(DeviceError) -> UnsafeMutableRawBufferPointer {
    memory(at: try staging.lend())
  }

  /// Gives the memory to the commands that are enqueued from now on, with or without its content.
  func submit(withContent: Bool) throws(DeviceError) {
    try staging.submit(byteCount: withContent ? frame.wholeByteCount : 0)
  }

  /// Starts to give the memory to the host, which has it when the queue has finished.
  func fetch() throws(DeviceError) -> UnsafeMutableRawBufferPointer {
    let start = try staging.fetch(frame)
    fetched = start
    return memory(at: start)
  }

  /// Whether the canaries came back as they were planted, once the queue has finished.
  var isIntact: Bool { fetched.map(frame.isIntact) ?? true }

  private func memory(at start: UnsafeMutableRawPointer) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: start + frame.guardByteCount, count: frame.byteCount)
  }
}
