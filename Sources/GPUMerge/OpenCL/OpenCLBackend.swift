package import Kernels
import OpenCLLoader
import Synchronization

/// One OpenCL device as a backend.
package final class OpenCLBackend: Backend {
  package let device: OpenCLDevice
  let context: Context
  let library: KernelLibrary
  /// How slots share memory with the host.
  let memorySharing: MemorySharing
  /// The first fault, after which nothing is asked of the driver any more, as it may do anything.
  private let fault = Mutex<DeviceError?>(nil)
  /// What slots of the past have left for others of their layout.
  private let kept = Mutex<[SlotMemory]>([])
  /// Where slots that work in the host's memory have their staging areas from, as long as one of them lives.
  private let pool = Mutex(LastPool())

  private struct LastPool {
    weak var pool: StagingPool?
  }

  /// Opens a device.
  ///
  /// - Parameters:
  ///   - device: The device.
  ///   - api: The functions to call; tests give their own.
  ///   - target: What to compile kernels for; nil for what suits the device.
  ///   - memorySharing: How to share memory with the host; nil for as closely as the device can.
  ///   - cache: Where compiled kernels are kept; nil for nowhere.
  /// - Throws: What `clCreateContext` fails with.
  package init(
    _ device: OpenCLDevice, api: OpenCLAPI? = nil, target: gm_target? = nil,
    memorySharing: MemorySharing? = nil, cache: DeviceCache? = nil
  ) throws(DeviceError) {
    self.device = device
    let api = if let api { api } else { try Self.systemAPI(for: device) }
    context = try Context(device, api: api)
    library = KernelLibrary(
      context, target: target ?? device.kernelTarget,
      binaries: cache.map { KernelBinaries(in: $0, for: device, api: api) })
    self.memorySharing = memorySharing ?? device.memorySharing
  }

  private static func systemAPI(for device: OpenCLDevice) throws(DeviceError) -> OpenCLAPI {
    switch OpenCLAPI.system {
    case .success(let api): return api
    case .failure(let missing):
      throw DeviceError(
        device: device.name, function: "dlopen", status: CL_DEVICE_NOT_AVAILABLE,
        detail: missing.reason)
    }
  }

  package var name: String { device.name }
  package var preferredBlockByteCount: Int {
    if device.kind == .cpu { return CPUBackend.blockByteCount }
    if memorySharing != .copied { return 8 << 20 }
    // A block of a mean of four models of the output's type takes ten times its size, in pinned memory
    // and in the device's: 320 MiB at the most, of the 512 MiB that are the default.
    return preferredSlotCount > 8 ? 2 << 20 : 4 << 20
  }
  package var preferredSlotCount: Int {
    // Where the device is the host's processors, what waits is the disk, as on the CPU path. Twice as many where slots
    // share staging areas, as one that waits for the disk has nothing but its output.
    // (Measured: Documentation/Performance.md.)
    if device.kind == .cpu {
      return maximumStagingCount == .max ? CPUBackend.slotCount : min(8 * processorCount(), 64)
    }
    if memorySharing != .copied { return 4 }
    // A thread copies some 6 GB/s out of the page cache, and the bus takes 25 to 50 GB/s: the device
    // waits for the host unless every processor reads, each into a slot of its own. Sixteen are more
    // than any bus takes; with fewer than four, nothing would overlap.
    // (Measured on an H100: Documentation/Performance.md.)
    return min(max(processorCount(), 4), 16)
  }
  package var copiesPerByte: Int { memorySharing == .copied ? 2 : 1 }
  package var maximumStagingCount: Int {
    // One for each processor to read into, and one for the kernel to compute from.
    // (Measured: Documentation/Performance.md.)
    memorySharing == .virtual && device.kind == .cpu ? processorCount() + 1 : .max
  }

  package var maximumBufferByteCount: Int {
    let largest = device.maximumAllocationByteCount & ~(pageByteCount - 1)
    return max(largest - OpenCLSlot.overheadByteCount, 0)
  }

  package var maximumTotalByteCount: Int {
    // Some memory is left for the kernels and for others. Where the device has its own, half of what
    // a slot takes is the host's.
    let most = device.globalMemoryByteCount / 8 * 7
    let (product, overflows) = most.multipliedReportingOverflow(by: copiesPerByte)
    return overflows ? .max : product
  }

  /// The most work-items in a work-group: of 128, more fit beside each other on a GPU's compute units than of 256
  /// where they need many registers, and one that handles a run of elements is a work-group by itself.
  var wantedLocalSize: Int { library.target.runs ? 1 : 128 }
  /// On a GPU several groups of those that a work-item merges at once, as some work is done once for all of them.
  var elementsPerWorkItem: Int { library.target.runs ? 4096 : 16 }

  package func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot {
    if let fault = fault.withLock(\.self) { throw fault }
    let largest = max(layout.inputByteCount, layout.accumulatorByteCount, layout.outputByteCount)
    guard largest <= maximumBufferByteCount else {
      throw context.driver.error("clCreateBuffer", CL_INVALID_BUFFER_SIZE)
    }
    if let memory = takeKept(layout) { return OpenCLSlot(self, memory) }
    // A slot that does not fit is no fault: a smaller one may.
    let pool = memorySharing == .virtual ? pool(byteCount: layout.inputByteCount) : nil
    try pool?.grow()
    return OpenCLSlot(self, try SlotMemory(context, memorySharing, layout, pool: pool))
  }

  package func abandon() { pool.withLock(\.pool)?.close() }

  private func pool(byteCount: Int) -> StagingPool {
    pool.withLock { last in
      if let pool = last.pool, pool.byteCount == byteCount { return pool }
      let pool = StagingPool(context, byteCount: byteCount, limit: maximumStagingCount)
      last.pool = pool
      return pool
    }
  }

  /// Keeps what a slot had for the next one, until one of another layout is made.
  func keep(_ memory: SlotMemory) {
    guard fault.withLock({ $0 == nil }) else { return }
    kept.withLock { $0.append(memory) }
  }

  private func takeKept(_ layout: SlotLayout) -> SlotMemory? {
    // Freed outside of the lock.
    var others: [SlotMemory] = []
    return kept.withLock { kept in
      if kept.last?.layout != layout { swap(&kept, &others) }
      return kept.popLast()
    }
  }

  /// Allocates memory from which this device copies by itself; nil if it works in the host's memory.
  func makePinnedMemory(byteCount: Int) throws(DeviceError) -> PinnedMemory? {
    guard memorySharing == .copied else { return nil }
    if let fault = fault.withLock(\.self) { throw fault }
    // That there is no memory left to pin is no fault.
    return try PinnedMemory(Queue(context), byteCount: byteCount)
  }

  /// The device with a new context: after a fault, drivers refuse everything in the old one.
  package func reopened() throws(DeviceError) -> any Backend {
    guard fault.withLock({ $0 != nil }) else { return self }
    return try OpenCLBackend(
      device, api: context.driver.api, target: library.target,
      memorySharing: memorySharing, cache: library.binaries?.cache)
  }

  /// Compares small merges by every kernel with what the CPU computes, and throws if any differs.
  ///
  /// Slow when first done, as it compiles the kernels.
  package func check() throws(DeviceError) {
    for check in KernelCheck.all {
      try attempt { () throws(DeviceError) in try check.run(on: self) }
    }
  }

  /// Does something on the device unless it has failed before.
  func attempt<R>(_ body: () throws(DeviceError) -> R) throws(DeviceError) -> R {
    if let fault = fault.withLock(\.self) { throw fault }
    do throws(DeviceError) {
      return try body()
    } catch {
      fault.withLock { fault in fault = fault ?? error }
      throw error
    }
  }
}
