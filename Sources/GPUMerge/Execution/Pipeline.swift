package import Logging
import Synchronization

/// Merges all blocks of a plan: the only place with threads.
///
/// Each worker has a slot of its own and takes one block after the other: reads the inputs into the
/// slot's staging area, lets the backend run its kernels, writes the output. There is no queue to
/// hand blocks over: while one worker waits for the disk, the others keep the device busy, and the
/// other way around. Memory is the slots', whatever the size of the models.
///
/// Each device has a crew of workers. All of them take blocks from one counter, so that a fast device
/// merges more of them.
package final class Pipeline: Sendable {
  package let schedule: BlockSchedule
  package let crews: [Crew]
  package let sink: any OutputSink
  package let findings: MergeFindings
  package let checksums: ChecksumLedger
  package let logger: Logger
  /// What computes a sample of the blocks again; nil if nothing does.
  let verifier: SampleVerifier?
  /// Called after each block with the output bytes done so far, from any thread, never twice at once.
  package let progress: @Sendable (Int) -> Void

  private let nextBlock = Atomic<Int>(0)
  private let isStopped = Atomic<Bool>(false)
  private let firstError = Mutex<GPUMergeError?>(nil)
  private let doneByteCount = Mutex(0)

  package init(
    plan: MergePlan, crews: [Crew], sink: any OutputSink, findings: MergeFindings = MergeFindings(),
    logger: Logger, verifiesSample: Bool, progress: @escaping @Sendable (Int) -> Void
  ) throws(GPUMergeError) {
    schedule = BlockSchedule(plan: plan, blockByteCount: crews.commonBlockByteCount)
    self.crews = crews
    self.sink = sink
    self.logger = logger
    verifier =
      verifiesSample ? try SampleVerifier(schedule, layout: crews.largestSlotLayout) : nil
    self.progress = progress
    self.findings = findings
    checksums = ChecksumLedger()
  }

  /// Merges everything; returns when the last block is written, or throws the first error.
  package func run() throws(GPUMergeError) {
    let places = crews.workplaces.prefix(max(1, schedule.blockCount))
    Threads.concurrently(count: places.count) { self.work(in: places[$0]) }
    if let error = firstError.withLock({ $0 }) { throw error }
    // Workers that get no memory leave the work to others, of whom there must have been some.
    guard doneByteCount.withLock({ $0 }) == schedule.plan.layout.byteCount else {
      throw .noStagingMemory()
    }
  }

  /// Makes `run` stop soon and throw `cancelled`.
  package func cancel() {
    fail(GPUMergeError(.cancelled, "the merge was interrupted"))
  }

  private func work(in crew: Crew) {
    do throws(GPUMergeError) {
      guard var worker = try SupervisedWorker(self, crew: crew) else { return }
      while let block = takeBlock() {
        let range = schedule.range(ofBlock: block)
        try worker.merge(range)
        report(range.count)
      }
    } catch {
      fail(error)
    }
  }

  private func takeBlock() -> Int? {
    guard !isStopped.load(ordering: .relaxed) else { return nil }
    let block = nextBlock.wrappingAdd(1, ordering: .relaxed).oldValue
    return block < schedule.blockCount ? block : nil
  }

  private func fail(_ error: GPUMergeError) {
    firstError.withLock { if $0 == nil { $0 = error } }
    isStopped.store(true, ordering: .relaxed)
  }

  private func report(_ byteCount: Int) {
    doneByteCount.withLock {
      $0 += byteCount
      progress($0)
    }
  }
}
