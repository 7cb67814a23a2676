/// What a slot has on a device, for one slot after the other: buffers, kernels and a queue.
///
/// Pinning memory takes half a millisecond for each megabyte, which a server that merges often spends once.
// Safe to send because one slot at a time has it.
final class SlotMemory: @unchecked Sendable {
  let layout: SlotLayout
  let queue: Queue
  let input: any Staging
  let output: GuardedStaging
  let flags: GuardedStaging
  let accumulator: GuardedBuffer
  var kernels: [KernelKey: Kernel] = [:]

  static let flagByteCount = MemoryLayout<UInt32>.size

  /// Allocates everything, but for inputs if they come from a pool.
  init(
    _ context: Context, _ sharing: MemorySharing, _ layout: SlotLayout, pool: StagingPool?
  ) throws(DeviceError) {
    let queue = try Queue(context)
    func staging(_ byteCount: Int) throws(DeviceError) -> any OutputStaging {
      switch sharing {
      case .copied: try PinnedStaging(queue, byteCount: byteCount)
      case .mapped: try MappedStaging(queue, byteCount: byteCount)
      case .virtual: try SharedStaging(queue, byteCount: byteCount)
      }
    }
    func guarded(_ byteCount: Int, guardByteCount: Int) throws(DeviceError) -> GuardedStaging {
      let frame = CanaryFrame(byteCount: byteCount, guardByteCount: guardByteCount)
      return try GuardedStaging(staging(frame.wholeByteCount), frame)
    }
    if let pool {
      input = PooledStaging(queue, from: pool)
    } else {
      input = try staging(layout.inputByteCount)
    }
    // A page, as the output must be aligned to pages.
    output = try guarded(layout.outputByteCount, guardByteCount: pageByteCount)
    flags = try guarded(layout.flagCount * Self.flagByteCount, guardByteCount: 64)
    accumulator = try GuardedBuffer(queue, byteCount: layout.accumulatorByteCount)
    try queue.finish()
    self.layout = layout
    self.queue = queue
  }

  // No command may be under way when the memory goes.
  deinit { queue.drain() }
}
