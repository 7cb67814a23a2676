/// Page-aligned host memory in which the device works directly.
final class SharedStaging: Staging {
  let buffer: Buffer
  /// Where the memory is while the host has it.
  private var mapped: UnsafeMutableRawPointer?

  init(_ context: Context, byteCount: Int) throws(DeviceError) {
    buffer = try Buffer(context, byteCount: byteCount, in: .host)
  }

  func lend(by queue: Queue) throws(DeviceError) -> UnsafeMutableRawPointer {
    if let mapped { return mapped }
    let (pointer, event) = try queue.map(buffer)
    try event.wait()
    mapped = pointer
    return pointer
  }

  func submit(byteCount: Int, to queue: Queue) throws(DeviceError) {
    guard let pointer = mapped else { return }
    mapped = nil
    try queue.unmap(buffer, pointer)
  }

  func fetch(byteCount: Int, from queue: Queue) throws(DeviceError) -> UnsafeMutableRawPointer {
    if let mapped { return mapped }
    let (pointer, _) = try queue.map(buffer)
    mapped = pointer
    return pointer
  }
}
