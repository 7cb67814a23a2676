import Synchronization

/// The progress of a merge whose output has several files, which are made one after the other.
final class SumOfProgress: Sendable {
  private let total: Int
  private let report: (@Sendable (MergeProgress) -> Void)?
  private let finished = Atomic<Int>(0)

  init(total: Int, report: (@Sendable (MergeProgress) -> Void)?) {
    self.total = total
    self.report = report
  }

  /// The bytes of the files before the next one.
  func begin() -> Int { finished.load(ordering: .relaxed) }

  /// Notes that a file is finished.
  func end(_ byteCount: Int) { finished.store(byteCount, ordering: .relaxed) }

  func update(_ byteCount: Int) {
    report?(MergeProgress(completedByteCount: byteCount, totalByteCount: total))
  }
}
