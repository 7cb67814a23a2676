import Kernels
import Synchronization

/// Computes a sample of the blocks again, on the CPU, and compares.
///
/// For devices, memory and drivers that give wrong numbers without any error. The sample is every
/// 64th block with the first and the last, the same in every run.
final class SampleVerifier: @unchecked Sendable {
  // Sendable because the slot is used with the lock held.

  private static let interval = 64

  private let schedule: BlockSchedule
  private let lock = Mutex(())
  /// The slot of all workers, one to take little memory.
  ///
  /// On the plainest instructions, so that on the CPU path, too, something else computes.
  private let slot: any Slot

  init(_ schedule: BlockSchedule, layout: SlotLayout) throws(GPUMergeError) {
    self.schedule = schedule
    do throws(DeviceError) {
      slot = try CPUBackend(instructionSet: gm_isa_baseline).makeSlot(layout)
    } catch {
      throw .noStagingMemory(error)
    }
  }

  /// Whether a part of the output belongs to the sample.
  func isDue(_ part: Range<Int>) -> Bool {
    let block = part.lowerBound / schedule.blockByteCount
    return block % Self.interval == 0 || block == schedule.blockCount - 1
  }

  /// Merges the pieces again and throws unless the result is the same.
  ///
  /// `device` is the name of what came to `output`; `launch` starts the kernels of all pieces on a slot.
  func verify(
    _ pieces: [Piece], of part: Range<Int>, output: SlotOutput, device: String,
    launch: (any Slot) throws(BlockFailure) -> Void
  ) throws(BlockFailure) {
    try lock.withLock { _ throws(BlockFailure) in
      try launch(slot)
      let expected: SlotOutput
      do throws(DeviceError) {
        expected = try slot.finish(outputByteCount: part.count)
      } catch {
        throw .device(error)
      }
      for piece in pieces {
        let step = schedule.plan.steps[piece.step]
        guard case .merge = step.action else { continue }
        let range = piece.blockOffset..<piece.blockOffset + piece.tensorRange.count
        guard let different = range.first(where: { output.bytes[$0] != expected.bytes[$0] })
        else { continue }
        let byte = piece.tensorRange.lowerBound + different - piece.blockOffset
        throw .merge(mismatch(step, element: byte / step.output.dtype.byteWidth, device: device))
      }
    }
  }

  private func mismatch(_ step: Step, element: Int, device: String) -> GPUMergeError {
    GPUMergeError(
      .deviceFailure,
      "\(device) computed something else than the CPU does when it computes again, first at "
        + "element \(element)",
      subject: step.output.name.description,
      advice:
        "No result of this device or of this machine's memory can be relied on: merge on another")
  }
}
