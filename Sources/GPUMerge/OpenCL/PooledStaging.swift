/// Memory of a pool for the commands of one queue, from when it is lent until it is released.
final class PooledStaging: Staging {
  private let pool: StagingPool
  private let queue: Queue
  private var taken: SharedMemory?

  init(_ queue: Queue, from pool: StagingPool) {
    self.pool = pool
    self.queue = queue
  }

  deinit {
    guard let taken else { return }
    if queue.drain() { pool.putBack(taken) } else { pool.abandon(taken) }
  }

  var memory: KernelMemory {
    get throws(DeviceError) { .shared(try area()) }
  }

  func reserve() { _ = try? area() }

  func lend() throws(DeviceError) -> UnsafeMutableRawPointer {
    try queue.waitForAll()
    return try area().start
  }

  func submit(byteCount: Int) {}

  // Whoever reads next has it meanwhile.
  func reclaim() -> UnsafeMutableRawPointer? { nil }

  func release() {
    if let taken { pool.putBack(taken) }
    taken = nil
  }

  private func area() throws(DeviceError) -> SharedMemory {
    if let taken { return taken }
    let area = try pool.take()
    taken = area
    return area
  }
}
