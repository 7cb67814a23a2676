import Kernels
package import Logging
import Synchronization

/// Decides where the blocks of a merge are computed: on the device that was chosen, after a shortage
/// of memory on the same device with blocks of half the size, and at last on the CPU.
///
/// All workers of a device, for all outputs of a merge, share one: what fails is not tried again.
package final class BackendSupervisor: Sendable {
  /// Where a worker computes.
  struct Seat: Sendable {
    let backend: any Backend
    /// Whether slots are for blocks of half the size.
    let isHalved: Bool
    /// Counts the changes of place.
    fileprivate let turn: Int
  }

  /// The chosen backend.
  package let backend: any Backend
  /// Whether a failing device ends the merge, rather than leaving the rest to the CPU.
  private let requiresDevice: Bool
  private let logger: Logger
  private let state: Mutex<State>
  private let allocation = Mutex(())

  private struct State: Sendable {
    var seat: Seat
    /// The slots made so far.
    var slotCount = 0
    var warnings: [String] = []
  }

  package init(_ backend: any Backend, requiresDevice: Bool, logger: Logger) {
    self.backend = backend
    self.requiresDevice = requiresDevice
    self.logger = logger
    state = Mutex(State(seat: Seat(backend: backend, isHalved: false, turn: 0)))
  }

  /// What went wrong so far, for a person.
  package var warnings: [String] { state.withLock(\.warnings) }

  /// Makes a slot, with a seat, wherever the next block is to be computed.
  ///
  /// - Returns: nil if there is no memory for one more slot, but others go on.
  func makeSlot(_ layout: SlotLayout) throws(GPUMergeError) -> (any Slot, Seat)? {
    while true {
      let seat = state.withLock(\.seat)
      do throws(DeviceError) {
        // One at a time, so that when memory is short the first of several gets some.
        let box = try allocation.withLock { _ throws(DeviceError) in
          SlotBox(try seat.backend.makeSlot(seat.isHalved ? layout.halved : layout))
        }
        state.withLock { $0.slotCount += 1 }
        return box.slot.map { ($0, seat) }
      } catch {
        if seat.isHalved, seat.backend is CPUBackend, error.isShortage {
          guard state.withLock({ $0.slotCount }) == 0 else { return nil }
        }
        try leave(seat, because: error)
      }
    }
  }

  /// Gives up a seat after a failure, unless another worker was first: then its successor is known.
  func leave(_ seat: Seat, because error: DeviceError) throws(GPUMergeError) {
    try state.withLock { state throws(GPUMergeError) in
      guard seat.turn == state.seat.turn else { return }
      let (backend, isHalved) = try successor(of: seat, after: error)
      let consequence =
        isHalved
        ? "going on with blocks of half the size"
        : "what was left was merged on the \(backend.name)"
      logger.warning("\(error); \(consequence)")
      state.warnings.append("\(error.summary); \(consequence)")
      state.seat = Seat(backend: backend, isHalved: isHalved, turn: seat.turn + 1)
    }
  }

  private func successor(
    of seat: Seat, after error: DeviceError
  ) throws(GPUMergeError) -> (any Backend, isHalved: Bool) {
    if error.isShortage, !seat.isHalved {
      // A device that is lost in between fails here, or soon.
      if let backend = try? seat.backend.reopened() { return (backend, true) }
    }
    if seat.backend is CPUBackend { throw .noStagingMemory(error) }
    if requiresDevice { throw .deviceFailure(error) }
    return (CPUBackend(), false)
  }
}

extension DeviceError {
  /// Whether less work at a time may succeed: memory was short, of which others may use some, too.
  var isShortage: Bool { [-4, -5, -6, -12, -61].contains(status) }
}

extension SlotLayout {
  /// The layout for blocks of half the size; the same if they are tiny.
  package var halved: SlotLayout {
    guard launchByteCount >= 1024 else { return self }
    // What inputs are padded with does not get less.
    let padding = (Int(GM_MAX_INPUTS) + 2) * MemoryPlan.alignment
    return SlotLayout(
      inputByteCount: min(inputByteCount, inputByteCount / 2 + padding),
      accumulatorByteCount: accumulatorByteCount / 2, outputByteCount: outputByteCount / 2,
      flagCount: flagCount, launchByteCount: launchByteCount / 2)
  }
}

extension GPUMergeError {
  static func deviceFailure(_ error: DeviceError) -> GPUMergeError {
    GPUMergeError(
      .deviceFailure, "\(error)", advice: "Merge on another device, or with --device cpu")
  }

  static func noStagingMemory(_ error: DeviceError? = nil) -> GPUMergeError {
    let detail = error.map { ": \($0.detail ?? "\($0)")" } ?? ""
    return GPUMergeError(
      .io, "there is no memory for staging\(detail)",
      advice: "Lower --memory or --threads, or free some memory")
  }
}
