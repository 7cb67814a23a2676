/// Merges one block at a time, on one thread, and goes on elsewhere when its device fails.
struct SupervisedWorker {
  let pipeline: Pipeline
  let crew: Crew
  private var worker: BlockWorker?
  private var seat: BackendSupervisor.Seat?

  /// Takes a slot; nil if there is no memory for one more, but other workers go on.
  init?(_ pipeline: Pipeline, crew: Crew) throws(GPUMergeError) {
    self.pipeline = pipeline
    self.crew = crew
    guard try takeSeat() else { return nil }
  }

  /// Reads, merges and writes one block of the output.
  ///
  /// In parts, if the slot holds less: a part that fails is computed anew elsewhere, from its inputs.
  /// Nothing a failed device left behind is used.
  mutating func merge(_ block: Range<Int>) throws(GPUMergeError) {
    var rest = block
    while !rest.isEmpty {
      guard let worker, let seat else { return }
      let part = rest.prefix(worker.layout.outputByteCount)
      do throws(BlockFailure) {
        try worker.merge(part)
        rest = part.upperBound..<rest.upperBound
      } catch {
        switch error {
        case .merge(let error): throw error
        case .device(let error): try move(from: seat, because: error)
        }
      }
    }
  }

  private mutating func move(
    from seat: BackendSupervisor.Seat, because error: DeviceError
  ) throws(GPUMergeError) {
    // The old slot's memory goes first, as memory may be what is missing.
    worker = nil
    try crew.supervisor.leave(seat, because: error)
    guard try takeSeat() else { throw .noStagingMemory() }
  }

  private mutating func takeSeat() throws(GPUMergeError) -> Bool {
    let layout = crew.memory.slotLayout
    guard let (slot, seat) = try crew.supervisor.makeSlot(layout) else { return false }
    self.seat = seat
    worker = BlockWorker(
      pipeline: pipeline, slot: slot, device: seat.backend.name,
      layout: seat.isHalved ? layout.halved : layout,
      maximumInputCount: crew.memory.maximumInputCount,
      windowByteCount: crew.memory.windowByteCount)
    return true
  }
}

extension Range<Int> {
  /// The first `count` of them, or all if there are fewer.
  fileprivate func prefix(_ count: Int) -> Range<Int> {
    lowerBound..<Swift.min(lowerBound + count, upperBound)
  }
}
