/// Memory of the device, and as much pinned memory of the host to copy it from and to.
final class PinnedStaging: OutputStaging {
  var memory: KernelMemory { .buffer(buffer) }

  private let buffer: Buffer
  private let queue: Queue
  private let pinned: PinnedMemory
  private var upload: Event?

  private var host: UnsafeMutableRawPointer { pinned.start }

  init(_ queue: Queue, byteCount: Int) throws(DeviceError) {
    buffer = try Buffer(queue.context, byteCount: byteCount, in: .device)
    pinned = try PinnedMemory(queue, byteCount: buffer.byteCount)
    self.queue = queue
    // Some drivers only allocate on first use; better now than in the middle of a merge.
    host.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
    try submit(byteCount: 64)
  }

  func lend() throws(DeviceError) -> UnsafeMutableRawPointer {
    try upload?.wait()
    upload = nil
    return host
  }

  func submit(byteCount: Int) throws(DeviceError) {
    guard byteCount > 0 else { return }
    upload = try queue.write(UnsafeRawBufferPointer(start: host, count: byteCount), to: buffer)
  }

  func submit(_ other: Upload) throws(DeviceError) {
    try queue.write(other.bytes, to: buffer, at: other.offset)
  }

  func reclaim() -> UnsafeMutableRawPointer? {
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
