/// A queue with memory on both sides of the bus, for one direction.
final class TransferLane {
  let byteCount: Int
  private let queue: Queue
  private let buffer: Buffer
  private let pinned: PinnedMemory
  private let pageable: AlignedMemory

  /// The sorts of memory of the host.
  enum HostMemory {
    case pinned
    case pageable
  }

  init(_ context: Context, byteCount: Int) throws(DeviceError) {
    queue = try Queue(context)
    buffer = try Buffer(context, byteCount: byteCount, in: .device)
    pinned = try PinnedMemory(queue, byteCount: buffer.byteCount)
    self.byteCount = buffer.byteCount
    pageable = AlignedMemory(byteCount: buffer.byteCount)
    pageable.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    pinned.bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit {
    if !queue.drain() { _ = Unmanaged.passRetained(pageable) }
  }

  func upload(from memory: HostMemory, times: Int) throws(DeviceError) {
    for _ in 0..<times { try queue.write(UnsafeRawBufferPointer(host(memory)), to: buffer) }
    try queue.finish()
  }

  func download(to memory: HostMemory, times: Int) throws(DeviceError) {
    for _ in 0..<times { try queue.read(buffer, into: host(memory)) }
    try queue.finish()
  }

  private func host(_ memory: HostMemory) -> UnsafeMutableRawBufferPointer {
    switch memory {
    case .pinned: pinned.bytes
    case .pageable: UnsafeMutableRawBufferPointer(rebasing: pageable.bytes[..<byteCount])
    }
  }
}
