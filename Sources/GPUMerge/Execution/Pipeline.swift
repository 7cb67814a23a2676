package import Logging
import Synchronization

/// Merges all blocks of a plan: the only place with threads.
///
/// Each worker has a slot of its own and takes one block after the other: reads the inputs into the
/// slot's staging area, lets the backend run its kernels, writes the output. There is no queue to
/// hand blocks over: while one worker waits for the disk, the others keep the device busy, and the
/// other way around. Memory is the slots', whatever the size of the models.
package final class Pipeline: Sendable {
  package let schedule: BlockSchedule
  package let memory: MemoryPlan
  package let backend: any Backend
  package let sink: any OutputSink
  package let findings: MergeFindings
  package let checksums: ChecksumLedger
  package let logger: Logger
  /// Whether a failing device ends the merge, rather than leaving the rest to the CPU.
  package let requiresDevice: Bool
  /// Called after each block with the output bytes done so far, from any thread, never twice at once.
  package let progress: @Sendable (Int) -> Void

  private let nextBlock = Atomic<Int>(0)
  private let isStopped = Atomic<Bool>(false)
  private let firstError = Mutex<GPUMergeError?>(nil)
  private let doneByteCount = Mutex(0)

  package init(
    plan: MergePlan, memory: MemoryPlan, backend: any Backend, sink: any OutputSink,
    findings: MergeFindings = MergeFindings(), logger: Logger, requiresDevice: Bool,
    progress: @escaping @Sendable (Int) -> Void
  ) {
    schedule = BlockSchedule(plan: plan, blockByteCount: memory.blockByteCount)
    self.memory = memory
    self.backend = backend
    self.sink = sink
    self.logger = logger
    self.requiresDevice = requiresDevice
    self.progress = progress
    self.findings = findings
    checksums = ChecksumLedger()
  }

  /// Merges everything; returns when the last block is written, or throws the first error.
  package func run() throws(GPUMergeError) {
    let workerCount = max(1, min(memory.slotCount, schedule.blockCount))
    Threads.concurrently(count: workerCount) { _ in self.work() }
    if let error = firstError.withLock({ $0 }) { throw error }
  }

  /// Makes `run` stop soon and throw `cancelled`.
  package func cancel() {
    fail(GPUMergeError(.cancelled, "the merge was interrupted"))
  }

  private func work() {
    do throws(GPUMergeError) {
      var worker = try makeWorker(on: backend)
      while let block = takeBlock() {
        do throws(BlockFailure) {
          try worker.merge(block)
        } catch {
          worker = try recover(from: error)
          do throws(BlockFailure) { try worker.merge(block) } catch { throw error.asMergeError }
        }
        report(schedule.range(ofBlock: block).count)
      }
    } catch {
      fail(error)
    }
  }

  private func makeWorker(on backend: any Backend) throws(GPUMergeError) -> BlockWorker {
    do throws(DeviceError) {
      return BlockWorker(pipeline: self, slot: try backend.makeSlot(memory.slotLayout))
    } catch {
      return try recover(from: .device(error))
    }
  }

  /// A worker on the CPU in place of one whose device failed: nothing the device left behind is used.
  private func recover(from failure: BlockFailure) throws(GPUMergeError) -> BlockWorker {
    guard case .device(let error) = failure, !requiresDevice else { throw failure.asMergeError }
    let cpu = CPUBackend()
    logger.warning("\(error); the rest is merged on the \(cpu.name)")
    findings.addWarning("\(error.device) failed; what was left was merged on the \(cpu.name)")
    return BlockWorker(pipeline: self, slot: cpu.makeSlot(memory.slotLayout))
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

/// Why a block could not be merged.
enum BlockFailure: Error {
  /// The device's fault: another may do it.
  case device(DeviceError)
  /// Nobody could.
  case merge(GPUMergeError)

  var asMergeError: GPUMergeError {
    switch self {
    case .merge(let error): error
    case .device(let error):
      GPUMergeError(
        .deviceFailure, "\(error)", advice: "Merge on another device, or with --device cpu")
    }
  }
}
