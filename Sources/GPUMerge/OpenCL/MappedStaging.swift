/// Page-aligned host memory in which the device works directly, and which it is given and taken.
final class MappedStaging: OutputStaging {
  var memory: KernelMemory { .buffer(buffer) }

  private let buffer: Buffer
  private let queue: Queue
  /// Where the memory is while the host has it.
  private var mapped: UnsafeMutableRawPointer?

  init(_ queue: Queue, byteCount: Int) throws(DeviceError) {
    buffer = try Buffer(queue.context, byteCount: byteCount, in: .host)
    self.queue = queue
  }

  deinit {
    if let mapped { queue.endMapping(of: buffer, at: mapped) }
  }

  func lend() throws(DeviceError) -> UnsafeMutableRawPointer {
    if let mapped { return mapped }
    let pointer = try map()
    try queue.waitForAll()
    return pointer
  }

  func reclaim() throws(DeviceError) -> UnsafeMutableRawPointer? { try map() }

  func fetch(_ frame: CanaryFrame) throws(DeviceError) -> UnsafeMutableRawPointer { try map() }

  func submit(byteCount: Int) throws(DeviceError) {
    guard let pointer = mapped else { return }
    try queue.unmap(buffer, pointer)
    mapped = nil
  }

  private func map() throws(DeviceError) -> UnsafeMutableRawPointer {
    if let mapped { return mapped }
    let (pointer, _) = try queue.map(buffer)
    mapped = pointer
    return pointer
  }
}
