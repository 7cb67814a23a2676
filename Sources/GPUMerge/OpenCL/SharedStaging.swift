/// Page-aligned memory that host and device use at the same address, without handing it over.
final class SharedStaging: OutputStaging {
  var memory: KernelMemory { .shared(shared) }

  private let shared: SharedMemory
  private let queue: Queue

  /// Allocates memory that is written to a disk.
  init(_ queue: Queue, byteCount: Int) throws(DeviceError) {
    shared = try SharedMemory(queue.context, byteCount: byteCount, isForDisk: true)
    self.queue = queue
  }

  // Unlike a buffer's, the memory goes at once.
  deinit {
    if !queue.drain() { _ = Unmanaged.passRetained(shared) }
  }

  func lend() throws(DeviceError) -> UnsafeMutableRawPointer {
    try queue.waitForAll()
    return shared.start
  }

  func submit(byteCount: Int) {}

  func reclaim() -> UnsafeMutableRawPointer? { shared.start }

  func fetch(_ frame: CanaryFrame) -> UnsafeMutableRawPointer { shared.start }
}
