import OpenCLLoader

/// Memory of the host that stays where it is, so that a device copies from it and to it by itself, as fast as the bus
/// is.
// Safe to send because it is only an address and a size; who writes when is the owner's affair.
final class PinnedMemory: @unchecked Sendable {
  /// Where the memory begins, at a page.
  let start: UnsafeMutableRawPointer
  private let byteCount: Int

  private let queue: Queue
  private let buffer: Buffer
  /// Where the buffer is; mapped once and for good.
  private let mapped: UnsafeMutableRawPointer

  /// Allocates memory.
  ///
  /// The queue must not be in use by another thread.
  init(_ queue: Queue, byteCount: Int) throws(DeviceError) {
    buffer = try Buffer(queue.context, byteCount: byteCount + pageByteCount, in: .pinned)
    let (pointer, event) = try queue.map(buffer)
    self.queue = queue
    mapped = pointer
    start = pointer.alignedUp(toMultipleOf: pageByteCount)
    self.byteCount = byteCount
    try event.wait()
  }

  deinit { queue.endMapping(of: buffer, at: mapped) }

  var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  /// What has pinned it.
  var pinning: ObjectIdentifier { ObjectIdentifier(queue.context) }
}
