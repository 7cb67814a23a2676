/// Memory of the device, and as much pinned memory of the host to copy it from and to.
final class PinnedStaging: Staging {
  var memory: KernelMemory { .buffer(buffer) }

  private let buffer: Buffer
  private let queue: Queue
  private let pinned: Buffer
  /// Where the pinned memory is; mapped once and for good.
  private let mapped: UnsafeMutableRawPointer
  /// The pinned memory, page-aligned.
  private let host: UnsafeMutableRawPointer
  private var upload: Event?

  init(_ queue: Queue, byteCount: Int) throws(DeviceError) {
    let context = queue.context
    buffer = try Buffer(context, byteCount: byteCount, in: .device)
    pinned = try Buffer(context, byteCount: buffer.byteCount + pageByteCount, in: .pinned)
    let (pointer, event) = try queue.map(pinned)
    self.queue = queue
    mapped = pointer
    host = pointer.alignedUp(toMultipleOf: pageByteCount)
    try event.wait()
    // Some drivers only allocate on first use; better now than in the middle of a merge.
    host.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
    try submit(byteCount: 64)
  }

  deinit { queue.endMapping(of: pinned, at: mapped) }

  func lend() throws(DeviceError) -> UnsafeMutableRawPointer {
    try upload?.wait()
    upload = nil
    return host
  }

  func submit(byteCount: Int) throws(DeviceError) {
    guard byteCount > 0 else { return }
    upload = try queue.write(UnsafeRawBufferPointer(start: host, count: byteCount), to: buffer)
  }

  func reclaim() -> UnsafeMutableRawPointer {
    upload = nil
    return host
  }

  func fetch(_ frame: CanaryFrame) throws(DeviceError) -> UnsafeMutableRawPointer {
    let host = try lend()
    frame.disturb(at: host)
    let bytes = UnsafeMutableRawBufferPointer(start: host, count: frame.wholeByteCount)
    try queue.read(buffer, into: bytes)
    return host
  }
}
