import GPUMerge
import OpenCLLoader
import Synchronization
import TestSupport
import Testing

extension FaultTests {
  private static let elementCount = 3000

  /// State dicts of one tensor each, in what a device makes storage of where `isPinned` says so.
  private func models(
    _ isPinned: [Bool], on device: MergeDevice
  ) throws -> ([StateDict], [TensorStorage]) {
    var storages: [TensorStorage] = []
    for (model, isPinned) in isPinned.enumerated() {
      func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        let values = bytes.bindMemory(to: UInt32.self)
        for index in values.indices {
          values[index] = (Float(index * 7919 % 1013 + model) / 64).bitPattern
        }
      }
      let byteCount = 4 * Self.elementCount
      storages.append(
        isPinned
          ? device.storage(byteCount: byteCount, initializingWith: fill)
          : TensorStorage(byteCount: byteCount, initializingWith: fill))
    }
    let models = try storages.map { storage in
      var model = StateDict()
      model["weight"] = try Tensor(
        dtype: .float32, shape: [Self.elementCount], storage: storage)
      return model
    }
    return (models, storages)
  }

  private func merge(_ models: [StateDict], on device: MergeDevice) async throws -> StateDict {
    var options = MergeOptions()
    options.device = device
    options.blockByteCount = 2048
    options.threadCount = 2
    let merge = try Merge(
      ModelPool(stateDicts: models), algorithm: SimpleAverageAlgorithm(),
      options: options)
    return try await merge.stateDict().0
  }

  @Test("models in pinned memory are copied to the device from there, beside others")
  func pinned() async throws {
    do {
      var table = try #require(Faults.table())
      Self.written.withLock { $0 = [] }
      table.clEnqueueWriteBuffer = { queue, buffer, isBlocking, offset, count, bytes, _, _, event in
        FaultTests.written.withLock { _ = $0.insert(UInt(bitPattern: bytes)) }
        return Faults.counting?.clEnqueueWriteBuffer(
          queue, buffer, isBlocking, offset, count, bytes, 0, nil, event) ?? CL_INVALID_VALUE
      }
      let device = MergeDevice(
        try OpenCLBackend(
          TestDevice.require(), api: OpenCLAPI(table), memorySharing: .copied), isRequired: true)
      let (models, storages) = try models([true, false, true], on: device)
      let starts = storages.map { $0.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }
      let expected = try await merge(models, on: .cpu)
      #expect(try await merge(models, on: device).isIdentical(to: expected))
      let written = Self.written.withLock(\.self)
      #expect(starts.map(written.contains) == [true, false, true])
    }
    // The threads of a merge let go of what they hold after the result is there.
    Faults.awaitRelease(milliseconds: 5000)
    expectNothingLives()
  }

  @Test("where no memory is left to pin, storage is in other memory, and the device still merges")
  func nothingToPin() async throws {
    do {
      var table = try #require(Faults.table())
      Faults.fail(0..<1)
      table.clCreateBuffer = { context, flags, count, bytes, status in
        guard Faults.isDue() else {
          return Faults.counting?.clCreateBuffer(context, flags, count, bytes, status)
        }
        status?.pointee = -4
        return nil
      }
      let device = MergeDevice(
        try OpenCLBackend(
          TestDevice.require(), api: OpenCLAPI(table), memorySharing: .copied), isRequired: true)
      let (models, storages) = try models([true, true], on: device)
      #expect(storages.map { $0.pinning == nil } == [true, false])
      let expected = try await merge(models, on: .cpu)
      #expect(try await merge(models, on: device).isIdentical(to: expected))
    }
    Faults.awaitRelease(milliseconds: 5000)
    expectNothingLives()
  }

  /// The addresses in the host's memory that commands have written from.
  private static let written = Mutex<Set<UInt>>([])

  @Test("what a merge had on a device, the next one has again", arguments: TestDevice.sharings)
  func slotsAreKept(sharing: MemorySharing) async throws {
    do {
      let table = try #require(Faults.table())
      let device = MergeDevice(
        try OpenCLBackend(TestDevice.require(), api: OpenCLAPI(table), memorySharing: sharing),
        isRequired: true)
      let expected = try await SmallMerge().expected()
      #expect(try await SmallMerge().run(on: device).0.isIdentical(to: expected))
      let first = Faults.live.withLock(\.self)
      #expect(first["buffer", default: 0] > 0)
      #expect(try await SmallMerge().run(on: device).0.isIdentical(to: expected))
      #expect(Faults.live.withLock(\.self) == first)
      // Other blocks need other slots, which take the place of these.
      #expect(
        try await SmallMerge(blockByteCount: 4096).run(on: device).0.isIdentical(to: expected))
      #expect(Faults.live.withLock { $0["buffer"] } == first["buffer"])
    }
    // The threads of a merge let go of what they hold after the result is there.
    Faults.awaitRelease(milliseconds: 5000)
    expectNothingLives()
  }
}
