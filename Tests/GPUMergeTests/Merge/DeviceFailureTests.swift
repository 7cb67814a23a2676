import GPUMerge
import Synchronization
import TestSupport
import Testing

@Suite("A device that fails")
struct DeviceFailureTests {
  private let models = RandomModels(
    count: 3, formats: [.bfloat16], lengths: [20_011], seed: 15, hasBase: true)
  private let method = DareSimpleAverage(sparsityRatio: 0.5, seed: 3)

  @Test("leaves the rest to the CPU, with the same bits", arguments: [0, 1, 5])
  func fallback(failingCall: Int) async throws {
    let reference = try await method.run(models.pool, options: .testing(on: .cpu))
    for call in FailingBackend.Call.allCases {
      let backend = FailingBackend(failing: call, after: failingCall)
      let merged = try await method.run(
        models.pool, options: .testing(on: MergeDevice(backend)))
      #expect(merged.isIdentical(to: reference), "\(call)")
      #expect(backend.hasFailed)
    }
  }

  @Test("ends the merge with its name when it is required")
  func required() async throws {
    let device = MergeDevice(FailingBackend(failing: .run, after: 1), isRequired: true)
    let error = await #expect(throws: GPUMergeError.self) {
      try await method.run(models.pool, options: .testing(on: device))
    }
    #expect(error?.kind == .deviceFailure)
    #expect(error?.problem.contains("failing device") == true)
  }
}

@Suite("A library that others call")
struct LibraryTests {
  @Test("Merges run side by side and do not disturb each other")
  func concurrency() async throws {
    let models = RandomModels(count: 3, formats: [.float32], lengths: [30_011], seed: 16)
    let reference = try await simpleAverage(models.stateDicts, options: .testing(on: .cpu))
    try await withThrowingTaskGroup(of: StateDict.self) { group in
      for _ in 0..<8 {
        group.addTask { try await simpleAverage(models.stateDicts, options: .testing(on: .cpu)) }
      }
      for try await merged in group { #expect(merged.isIdentical(to: reference)) }
    }
  }

  @Test("A cancelled task ends with an error of kind cancelled")
  func cancellation() async throws {
    let models = RandomModels(count: 2, formats: [.float32], lengths: [50_021], seed: 17)
    let isCancelled = Flag()
    let task = Task { () -> GPUMergeError? in
      var options = MergeOptions.testing(on: .cpu, blockByteCount: 4096)
      // The first block is done only after the cancellation, so that the merge cannot be faster.
      options.progress = { _ in isCancelled.wait() }
      do throws(GPUMergeError) {
        _ = try await SimpleAverageAlgorithm().run(models.pool, options: options)
        return nil
      } catch {
        return error
      }
    }
    task.cancel()
    isCancelled.set()
    #expect(await task.value?.kind == .cancelled)
  }
}

private final class Flag: Sendable {
  private let isSet = Atomic<Bool>(false)

  func set() { isSet.store(true, ordering: .releasing) }
  func wait() { while !isSet.load(ordering: .acquiring) {} }
}

extension RandomModels {
  fileprivate var stateDicts: [StateDict] {
    pool.models.compactMap { if case .stateDict(let stateDict) = $0 { stateDict } else { nil } }
  }
}

/// The CPU, but for one call that fails and everything after it.
private final class FailingBackend: Backend {
  enum Call: CaseIterable { case makeSlot, beginInput, run, finish }

  private let cpu = CPUBackend()
  private let call: Call
  private let callsLeft: Atomic<Int>

  init(failing call: Call, after count: Int) {
    self.call = call
    callsLeft = Atomic(count)
  }

  var hasFailed: Bool { callsLeft.load(ordering: .relaxed) < 0 }

  func count(_ call: Call) throws(DeviceError) {
    guard call == self.call else { return }
    guard callsLeft.wrappingSubtract(1, ordering: .relaxed).newValue < 0 else { return }
    throw DeviceError(device: "failing device", function: "\(call)", status: -5)
  }

  var name: String { "failing device" }
  var preferredBlockByteCount: Int { cpu.preferredBlockByteCount }
  var preferredSlotCount: Int { 8 }
  var maximumBufferByteCount: Int { .max }
  var copiesPerByte: Int { 1 }

  func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot {
    try count(.makeSlot)
    return FailingSlot(try cpu.makeSlot(layout), backend: self)
  }
}

private final class FailingSlot: Slot {
  private let slot: any Slot
  private let backend: FailingBackend

  init(_ slot: any Slot, backend: FailingBackend) {
    self.slot = slot
    self.backend = backend
  }

  func beginInput() throws(DeviceError) -> UnsafeMutableRawBufferPointer {
    try backend.count(.beginInput)
    return try slot.beginInput()
  }

  func run(_ launches: [Launch], stagedByteCount: Int) throws(DeviceError) {
    try backend.count(.run)
    try slot.run(launches, stagedByteCount: stagedByteCount)
  }

  func finish(outputByteCount: Int) throws(DeviceError) -> SlotOutput {
    try backend.count(.finish)
    return try slot.finish(outputByteCount: outputByteCount)
  }
}
