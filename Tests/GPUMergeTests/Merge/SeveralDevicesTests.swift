import GPUMerge
import Kernels
import Synchronization
import TestSupport
import Testing

@Suite("Several devices that share a merge")
struct SeveralDevicesTests {
  // More models than one launch takes, and 20 blocks.
  private let models = RandomModels(
    count: 17, formats: [.bfloat16], lengths: [30_011, 10_007], seed: 31, hasBase: true)
  private let method = DareSimpleAverage(sparsityRatio: 0.5, seed: 3)

  /// Different ways to compute: the plainest and the best instructions, and a device.
  private static var backends: [any Backend] {
    let device = TestDevices.opencl.first.map(\.backends) ?? []
    return [CPUBackend(instructionSet: gm_isa_baseline), CPUBackend()] + device
  }

  @Test("give the bits of one, and each of them merges some of the blocks", arguments: [1, 4])
  func sameBits(slotsOfEach: Int) async throws {
    let reference = try await method.run(models.pool, options: .testing(on: .cpu))
    let missing = Atomic<Int>(Self.backends.count)
    let backends = Self.backends.map { backend in
      // None goes on before each has finished a block, whatever their speed.
      RecordingBackend(
        backend,
        afterBlock: { count in
          if count == 1 { missing.subtract(1, ordering: .sequentiallyConsistent) }
          waitUntil { missing.load(ordering: .sequentiallyConsistent) == 0 }
        })
    }
    var options = MergeOptions.testing(on: MergeDevice(backends, isRequired: true))
    options.threadCount = slotsOfEach * backends.count
    let merge = try Merge(models.pool, algorithm: method, options: options)
    let (merged, report) = try await merge.stateDict()
    #expect(merged.isIdentical(to: reference))
    #expect(report.warnings.isEmpty)
    #expect(report.device == backends.map(\.name).joined(separator: " + "))
    for backend in backends { #expect(backend.finishedBlockCount > 0, "\(backend.name)") }
    #expect(backends.reduce(0) { $0 + $1.finishedBlockCount } == 20)
    #expect(
      report.stagingByteCount == (try merge.memoryPlans()).reduce(0) { $0 + $1.totalByteCount })
  }

  @Test("One that fails leaves its share to the CPU and the rest to the others")
  func oneFails() async throws {
    let reference = try await method.run(models.pool, options: .testing(on: .cpu))
    for call in FailingBackend.Call.allCases {
      let first = call == .makeSlot ? 0 : 2
      let failing = FailingBackend(failing: call, calls: first..<Int.max, status: -36)
      let hasBegun = Atomic<Bool>(false)
      // Each has a part in it: the other finishes a block before the failing one begins, and goes on
      // when that has failed.
      let other = RecordingBackend(
        CPUBackend(instructionSet: gm_isa_baseline),
        afterBlock: { _ in
          hasBegun.store(true, ordering: .sequentiallyConsistent)
          waitUntil { failing.hasFailed }
        })
      let late = RecordingBackend(
        failing, beforeSlot: { waitUntil { hasBegun.load(ordering: .sequentiallyConsistent) } })
      var options = MergeOptions.testing(on: MergeDevice([late, other]))
      options.threadCount = 2
      let merge = try Merge(models.pool, algorithm: method, options: options)
      let (merged, report) = try await merge.stateDict()
      #expect(merged.isIdentical(to: reference), "\(call)")
      #expect(failing.hasFailed)
      #expect(other.finishedBlockCount > 0)
      #expect(report.warnings.count == 1)
      #expect(
        report.warnings.first?.hasPrefix("failing device: ") == true
          && report.warnings.first?.hasSuffix("merged on the \(CPUBackend().name)") == true)
    }
  }

  @Test("Two that fail are two warnings")
  func bothFail() async throws {
    let reference = try await method.run(models.pool, options: .testing(on: .cpu))
    let failing = (0..<2).map { _ in
      FailingBackend(failing: .makeSlot, calls: 0..<Int.max, status: -36)
    }
    let merge = try Merge(
      models.pool, algorithm: method, options: .testing(on: MergeDevice(failing)))
    let (merged, report) = try await merge.stateDict()
    #expect(merged.isIdentical(to: reference))
    #expect(report.warnings.count == 2)
  }

  @Test("One that fails ends the merge where devices are required")
  func required() async throws {
    let failing = FailingBackend(failing: .makeSlot, calls: 0..<Int.max, status: -36)
    let device = MergeDevice([CPUBackend(), failing], isRequired: true)
    let error = await #expect(throws: GPUMergeError.self) {
      try await method.run(models.pool, options: .testing(on: device))
    }
    #expect(error?.kind == .deviceFailure)
    #expect(error?.problem.contains("failing device") == true)
  }

  @Test("A sample of the blocks of all of them is verified")
  func verified() async throws {
    let reference = try await method.run(models.pool, options: .testing(on: .cpu))
    var options = MergeOptions.testing(on: MergeDevice(Self.backends, isRequired: true))
    options.verifiesSample = true
    #expect(try await method.run(models.pool, options: options).isIdentical(to: reference))
  }
}

@Suite("Memory of several devices")
struct MemorySharesTests {
  private func plans(
    _ backends: [any Backend], budget: Int = 512 << 20, slots: Int? = nil
  ) throws -> [MemoryPlan] {
    try MemoryPlan.shares(
      steps: [], backends: backends, budget: budget, slotCount: slots, blockByteCount: nil)
  }

  @Test("Blocks are as small as any device needs, and one device is planned as ever")
  func blocks() throws {
    let small = SizedBackend(block: 64 << 10, slots: 3)
    let large = SizedBackend(block: 8 << 20, slots: 5)
    #expect(try plans([large, small]).map(\.blockByteCount) == [64 << 10, 64 << 10])
    #expect(try plans([large, small]).map(\.slotCount) == [5, 3])
    #expect(
      try plans([large]) == [
        MemoryPlan(
          steps: [], backend: large, budget: 512 << 20, slotCount: nil, blockByteCount: nil)
      ])
  }

  @Test("Budget and slots are divided, at least one slot for each")
  func division() throws {
    let backends = (0..<3).map { _ in SizedBackend(block: 8 << 20, slots: 100) }
    #expect(try plans(backends, slots: 7).map(\.slotCount) == [3, 2, 2])
    #expect(try plans(backends, slots: 1).map(\.slotCount) == [1, 1, 1])
    let shares = try plans(backends, budget: 96 << 20)
    #expect(shares.allSatisfy { $0.totalByteCount <= 32 << 20 })
    #expect(Set(shares.map(\.blockByteCount)).count == 1)
  }

  @Test(
    "What is read ahead has room for the inputs of a launch, as long as the budget has",
    arguments: [(64, 4, 64 << 20), (1024, 9, 512 << 20), (4096, 16, 512 << 20), (64, 1, 1 << 20)])
  func windows(kibibytes: Int, models: Int, budget: Int) throws {
    let models = RandomModels(count: models, formats: [.bfloat16], lengths: [9], seed: 3)
    var options = MergeOptions()
    options.device = MergeDevice(
      SizedBackend(block: kibibytes << 10, slots: 2), isRequired: false)
    options.memoryByteCount = budget
    let merge = try Merge(
      models.pool, algorithm: SimpleAverageAlgorithm(), options: options)
    let plan = try #require(merge.memoryPlans().first)
    #expect(plan.totalByteCount <= budget)
    if budget > 1 << 20 {
      #expect(plan.windowByteCount >= plan.slotLayout.inputByteCount + 32 * 4096)
      #expect(plan.windowByteCount >= 4 << 20)
    } else {
      #expect(plan.windowByteCount < 512 << 10)
    }
  }

  @Test("Staging areas that slots share are counted once")
  func sharedStaging() throws {
    let models = RandomModels(count: 4, formats: [.bfloat16], lengths: [9], seed: 3)
    func plan(stagings: Int) throws -> MemoryPlan {
      var options = MergeOptions()
      options.device = MergeDevice(
        SizedBackend(block: 1 << 20, slots: 8, stagings: stagings), isRequired: false)
      let merge = try Merge(models.pool, algorithm: SimpleAverageAlgorithm(), options: options)
      return try #require(merge.memoryPlans().first)
    }
    let (all, three) = try (plan(stagings: 100), plan(stagings: 3))
    #expect(all.slotLayout == three.slotLayout)
    #expect(all.totalByteCount - three.totalByteCount == 5 * all.slotLayout.inputByteCount)
  }

  @Test("A budget too small for several devices says so")
  func tooSmall() throws {
    let backends = (0..<2).map { _ in SizedBackend(block: 8 << 20, slots: 4) }
    let error = #expect(throws: GPUMergeError.self) { try plans(backends, budget: 20 << 10) }
    #expect(error?.kind == .usage)
    #expect(error?.problem.hasSuffix("too small for this merge on 2 devices") == true)
  }
}

/// The CPU, which prefers what it is told to.
private final class SizedBackend: Backend {
  let name = "sized device"
  let preferredBlockByteCount: Int
  let preferredSlotCount: Int
  let maximumBufferByteCount = Int.max
  let maximumStagingCount: Int
  let copiesPerByte = 1

  init(block: Int, slots: Int, stagings: Int = .max) {
    preferredBlockByteCount = block
    preferredSlotCount = slots
    maximumStagingCount = stagings
  }

  func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot {
    try CPUBackend().makeSlot(layout)
  }
}
