import Kernels

/// How large blocks and slots are, and how many slots there are, within a memory budget.
package struct MemoryPlan: Sendable, Hashable {
  package var blockByteCount: Int
  package var slotCount: Int
  package var slotLayout: SlotLayout
  /// The most models that one launch reads.
  package var maximumInputCount: Int
  /// What each worker may read ahead of its inputs, past the page cache.
  package var windowByteCount = 0
  /// All slots and windows together, on host and device.
  package var totalByteCount: Int

  /// The smallest block worth a system call, and the unit of aligned writes.
  package static let minimumBlockByteCount = 16 << 10
  /// Staged inputs begin at multiples of this, which suits every vector load and every device.
  package static let alignment = 64
  /// More slots than keep any device busy.
  package static let maximumSlotCount = 1024
  private static let preferredWindowByteCount = 4 << 20
  private static let minimumWindowByteCount = 256 << 10
  /// The number of flags of a block; pieces beyond share the last.
  package static let flagCount = 256

  /// Finds the largest blocks, up to what the backend prefers, that fit in `budget` bytes, and room to
  /// read ahead in what is left of it.
  package init(
    steps: [Step], backend: any Backend, budget: Int, slotCount: Int?, blockByteCount: Int?,
    readsAhead: Bool = true
  ) throws(GPUMergeError) {
    let budget = min(budget, backend.maximumTotalByteCount)
    let wantedSlots = min(max(1, slotCount ?? backend.preferredSlotCount), Self.maximumSlotCount)
    var block = blockByteCount ?? backend.preferredBlockByteCount
    let minimum = min(block, Self.minimumBlockByteCount)
    while true {
      let plan = Self.fit(
        steps: steps, backend: backend, budget: budget, slotCount: wantedSlots, block: block)
      if let plan {
        self = plan
        if readsAhead { addWindows(within: budget) }
        return
      }
      guard block > minimum else { break }
      block /= 2
    }
    throw GPUMergeError(
      .usage, "the memory budget of \(budget >> 20) MiB is too small for this merge",
      advice: "Raise --memory")
  }

  /// Windows for half a megabyte of eight models, or for the inputs of a launch, which begin and end
  /// anywhere in pages; smaller ones if there is no memory left for that.
  private mutating func addWindows(within budget: Int) {
    let ends = 2 * (maximumInputCount + 1) * AlignedMemory.pageByteCount
    let wanted = max(Self.preferredWindowByteCount, slotLayout.inputByteCount + ends)
    let byteCount = min(wanted, (budget - totalByteCount) / slotCount)
    guard byteCount >= Self.minimumWindowByteCount else { return }
    windowByteCount = byteCount & ~(AlignedMemory.pageByteCount - 1)
    totalByteCount += windowByteCount * slotCount
  }

  /// Fewer inputs per launch, then fewer slots, before smaller blocks; nil if nothing fits.
  private static func fit(
    steps: [Step], backend: any Backend, budget: Int, slotCount: Int, block: Int
  ) -> MemoryPlan? {
    for slots in [slotCount, max(1, slotCount / 2)] {
      for inputs in [Int(GM_MAX_INPUTS), 8, 4] {
        let plan = MemoryPlan(
          steps: steps, block: block, launch: min(block, backend.preferredLaunchByteCount),
          slots: slots, stagings: min(slots, backend.maximumStagingCount), inputs: inputs,
          copies: backend.copiesPerByte)
        let largest = max(
          plan.slotLayout.inputByteCount, plan.slotLayout.accumulatorByteCount,
          plan.slotLayout.outputByteCount)
        if plan.totalByteCount <= budget, largest <= backend.maximumBufferByteCount { return plan }
      }
    }
    return nil
  }

  private init(
    steps: [Step], block: Int, launch: Int, slots: Int, stagings: Int, inputs: Int, copies: Int
  ) {
    var staging = 0
    var accumulator = 0
    for step in steps {
      let runs = step.runs(maximumInputCount: inputs)
      for run in runs {
        let elements = launch / step.output.dtype.byteWidth
        let widths = step.inputWidth * run.models.count + step.baseWidth
        staging = max(
          staging, elements * widths + (run.models.count + 1) * MemoryPlan.alignment)
        if runs.count > 1 {
          accumulator = max(accumulator, elements * (run.kernel.wide ? 16 : 8))
        }
      }
    }
    maximumInputCount = inputs
    blockByteCount = block
    slotCount = slots
    slotLayout = SlotLayout(
      inputByteCount: staging, accumulatorByteCount: accumulator, outputByteCount: block,
      flagCount: Self.flagCount, launchByteCount: launch)
    let shared = (slots - stagings) * slotLayout.inputByteCount
    totalByteCount = (slotLayout.byteCount * slots - shared) * copies
  }
}

extension Step {
  /// The bytes per element of the widest model.
  fileprivate var inputWidth: Int {
    guard case .merge(_, let models, _) = action else { return 0 }
    return models.lazy.map(\.dtype.byteWidth).max() ?? 0
  }

  fileprivate var baseWidth: Int {
    guard case .merge(_, _, let base?) = action else { return 0 }
    return base.dtype.byteWidth
  }
}
