import Synchronization

/// Whether a benchmark shall stop.
final class Interruptible: Sendable {
  private let isCancelled = Atomic<Bool>(false)

  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  func check() throws(GPUMergeError) {
    guard isCancelled.load(ordering: .relaxed) else { return }
    throw GPUMergeError(.cancelled, "the benchmark was interrupted")
  }

  /// Does something for each of a number of blocks, on several threads, and throws the first error.
  func forEachBlock(
    count: Int, threadCount: Int, _ body: @escaping @Sendable (Int) throws(GPUMergeError) -> Void
  ) throws(GPUMergeError) {
    let next = Atomic<Int>(0)
    let failure = FirstError<GPUMergeError>()
    Threads.concurrently(count: max(1, min(threadCount, count))) { _ in
      while failure.isEmpty {
        let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard block < count else { return }
        failure.note { () throws(GPUMergeError) in
          try self.check()
          try body(block)
        }
      }
    }
    try failure.check()
  }
}
