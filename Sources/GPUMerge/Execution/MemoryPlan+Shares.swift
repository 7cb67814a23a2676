extension MemoryPlan {
  /// A plan for each of several devices that share the blocks of a merge.
  ///
  /// Budget and slots are divided among them, and blocks are as small as any of them needs, as the
  /// output is cut into blocks only once.
  package static func shares(
    steps: [Step], backends: [any Backend], budget: Int, slotCount: Int?, blockByteCount: Int?,
    readsAhead: Bool = true
  ) throws(GPUMergeError) -> [MemoryPlan] {
    let count = max(1, backends.count)
    func plans(blockByteCount: Int?) throws(GPUMergeError) -> [MemoryPlan] {
      var plans: [MemoryPlan] = []
      for (index, backend) in backends.enumerated() {
        let slots = slotCount.map { max(1, $0 / count + (index < $0 % count ? 1 : 0)) }
        plans.append(
          try MemoryPlan(
            steps: steps, backend: backend, budget: budget / count, slotCount: slots,
            blockByteCount: blockByteCount, readsAhead: readsAhead))
      }
      return plans
    }
    do throws(GPUMergeError) {
      let wanted = try plans(blockByteCount: blockByteCount)
      let smallest = wanted.map(\.blockByteCount).min()
      if wanted.allSatisfy({ $0.blockByteCount == smallest }) { return wanted }
      return try plans(blockByteCount: smallest)
    } catch {
      guard count > 1 else { throw error }
      throw GPUMergeError(
        error.kind,
        "the memory budget of \(budget >> 20) MiB is too small for this merge on \(count) devices",
        advice: "Raise --memory, or choose fewer devices")
    }
  }
}
