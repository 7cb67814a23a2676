/// Memory of the device, and as much pinned memory of the host to copy it from and to.
final class PinnedStaging: Staging {
  let buffer: Buffer
  private let pinned: Buffer
  /// The pinned memory, page-aligned.
  private let host: UnsafeMutableRawPointer
  private var upload: Event?

  init(_ context: Context, byteCount: Int, queue: Queue) throws(DeviceError) {
    buffer = try Buffer(context, byteCount: byteCount, in: .device)
    pinned = try Buffer(context, byteCount: buffer.byteCount + pageByteCount, in: .pinned)
    // Mapped once and for good; releasing the buffer ends the mapping.
    let (pointer, event) = try queue.map(pinned)
    try event.wait()
    host = pointer.alignedUp(toMultipleOf: pageByteCount)
    // Some drivers only allocate on first use; better now than in the middle of a merge.
    host.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
    try submit(byteCount: 64, to: queue)
  }

  func lend(by queue: Queue) throws(DeviceError) -> UnsafeMutableRawPointer {
    try upload?.wait()
    upload = nil
    return host
  }

  func submit(byteCount: Int, to queue: Queue) throws(DeviceError) {
    guard byteCount > 0 else { return }
    upload = try queue.write(UnsafeRawBufferPointer(start: host, count: byteCount), to: buffer)
  }

  func fetch(byteCount: Int, from queue: Queue) throws(DeviceError) -> UnsafeMutableRawPointer {
    if byteCount > 0 {
      try queue.read(buffer, into: UnsafeMutableRawBufferPointer(start: host, count: byteCount))
    }
    return host
  }
}
