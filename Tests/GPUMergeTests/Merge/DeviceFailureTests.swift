import GPUMerge
import Synchronization
import TestSupport
import Testing

@Suite("A device that fails")
struct DeviceFailureTests {
  private let models = RandomModels(
    count: 3, formats: [.bfloat16], lengths: [20_011], seed: 15, hasBase: true)
  private let method = DareSimpleAverage(sparsityRatio: 0.5, seed: 3)

  /// Statuses of a shortage of memory, and of a lost device.
  private static let statuses: [Int32] = [-4, -5, -6, -14, -36]

  @Test("leaves the rest to the CPU, with the same bits", arguments: [0, 1, 5], statuses)
  func fallback(failingCall: Int, status: Int32) async throws {
    let reference = try await method.run(models.pool, options: .testing(on: .cpu))
    for call in FailingBackend.Call.allCases {
      let backend = FailingBackend(failing: call, calls: failingCall..<Int.max, status: status)
      let (merged, warnings) = try await merge(on: MergeDevice(backend))
      #expect(merged.isIdentical(to: reference), "\(call)")
      #expect(backend.hasFailed)
      #expect(warnings.last?.hasSuffix("merged on the \(CPUBackend().name)") == true)
    }
  }

  @Test("short of memory, goes on with blocks of half the size", arguments: [0, 1, 5])
  func shortage(failingCall: Int) async throws {
    let reference = try await method.run(models.pool, options: .testing(on: .cpu))
    for call in FailingBackend.Call.allCases {
      let backend = FailingBackend(
        failing: call, calls: failingCall..<failingCall + 1, status: -4)
      // Required, so that nothing else can have merged.
      let device = MergeDevice(backend, isRequired: true)
      let (merged, warnings) = try await merge(on: device)
      #expect(merged.isIdentical(to: reference), "\(call)")
      #expect(warnings.count == 1)
      #expect(warnings.first?.hasSuffix("going on with blocks of half the size") == true)
      let blocks = backend.outputByteCounts
      #expect(blocks.contains(2048))
      #expect(blocks.allSatisfy { $0 == 4096 || $0 == 2048 })
    }
  }

  @Test("ends the merge with its name when it is required")
  func required() async throws {
    let device = MergeDevice(
      FailingBackend(failing: .run, calls: 1..<Int.max, status: -36), isRequired: true)
    let error = await #expect(throws: GPUMergeError.self) {
      try await method.run(models.pool, options: .testing(on: device))
    }
    #expect(error?.kind == .deviceFailure)
    #expect(error?.problem.contains("failing device") == true)
  }

  @Test("is found out by a verified sample, but only in the sample")
  func verification() async throws {
    // The output of 40 KB is one row of 10 blocks, of which the first and the last are verified.
    for (byte, isFound) in [(0, true), (4095, true), (4096, false), (40_021, true)] {
      let backend = FailingBackend(flippingByte: byte)
      var options = MergeOptions.testing(on: MergeDevice(backend))
      options.threadCount = 1
      options.verifiesSample = true
      var failure: GPUMergeError?
      do {
        _ = try await method.run(models.pool, options: options)
      } catch {
        failure = error
      }
      #expect((failure != nil) == isFound, "byte \(byte)")
      guard isFound else { continue }
      #expect(failure?.kind == .deviceFailure)
      #expect(failure?.subject == "layer.20011.weight")
      #expect(failure?.problem.hasPrefix("failing device computed something else") == true)
      #expect(failure?.problem.hasSuffix("first at element \(byte / 2)") == true)
    }
  }

  @Test("the halves of a slot hold the halves of a block")
  func halves() {
    let layout = SlotLayout(
      inputByteCount: 17 * (1 << 20) + 18 * 64, accumulatorByteCount: 8 << 20,
      outputByteCount: 1 << 20, flagCount: 256)
    #expect(layout.halved.outputByteCount == 1 << 19)
    #expect(layout.halved.accumulatorByteCount == 4 << 20)
    #expect(layout.halved.inputByteCount >= 17 * (1 << 19) + 18 * 64)
    #expect(layout.halved.byteCount < layout.byteCount * 6 / 10)
  }

  private func merge(on device: MergeDevice) async throws -> (StateDict, warnings: [String]) {
    let merge = try Merge(models.pool, algorithm: method, options: .testing(on: device))
    let (merged, report) = try await merge.stateDict()
    return (merged, report.warnings)
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
