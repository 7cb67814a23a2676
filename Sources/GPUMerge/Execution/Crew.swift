/// The workers of one device: they share its memory plan, and move elsewhere together when it fails.
package struct Crew: Sendable {
  package let supervisor: BackendSupervisor
  package let memory: MemoryPlan

  package init(supervisor: BackendSupervisor, memory: MemoryPlan) {
    self.supervisor = supervisor
    self.memory = memory
  }
}

extension [Crew] {
  /// The output bytes per block, which all crews have planned with.
  var commonBlockByteCount: Int {
    map(\.memory.blockByteCount).min() ?? MemoryPlan.minimumBlockByteCount
  }

  /// A layout that holds what any crew's slots hold.
  var largestSlotLayout: SlotLayout {
    let none = SlotLayout(
      inputByteCount: 0, accumulatorByteCount: 0, outputByteCount: 0,
      flagCount: MemoryPlan.flagCount)
    return map(\.memory.slotLayout).reduce(none) { $0.enlarged(toHold: $1) }
  }

  /// The crew of each worker, in turns: of a few blocks, every device gets some.
  var workplaces: [Crew] {
    let rounds = map(\.memory.slotCount).max() ?? 0
    return (0..<rounds).flatMap { round in filter { round < $0.memory.slotCount } }
  }
}

extension SlotLayout {
  fileprivate func enlarged(toHold other: SlotLayout) -> SlotLayout {
    SlotLayout(
      inputByteCount: max(inputByteCount, other.inputByteCount),
      accumulatorByteCount: max(accumulatorByteCount, other.accumulatorByteCount),
      outputByteCount: max(outputByteCount, other.outputByteCount),
      flagCount: max(flagCount, other.flagCount))
  }
}
