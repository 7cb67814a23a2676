import GPUMerge
import Kernels
import Testing

@Suite("Slots of a device compute what the CPU computes", .needsDevice)
struct SlotTests {
  static let elements = [
    gm_f16, gm_bf16, gm_f32, gm_f64, gm_f8_e4m3fn, gm_f8_e5m2, gm_f8_e4m3fnuz, gm_f8_e5m2fnuz,
  ]
  static let lengths = [0, 1, 63, 64, 65, 257, 1009, 4095, 4096, 4097, 100_003]

  /// How a backend may use memory and arithmetic.
  struct Mode: Sendable {
    /// How memory is shared; nil for as closely as the device can.
    var memorySharing: MemorySharing?
    /// What the kernels are compiled for; nil for what suits the device.
    var target: gm_target?
  }

  static let shared = Mode()
  static let copied = Mode(memorySharing: .copied)
  /// As on the device, as on a GPU, as on devices that lack binary64 or subnormals of binary32.
  static let modes = [
    shared, copied,
    Mode(memorySharing: .mapped, target: gm_target(soft_fp64: false, fast_f32: true, runs: false)),
    Mode(memorySharing: .mapped, target: gm_target(soft_fp64: false, fast_f32: false, runs: true)),
    Mode(memorySharing: .mapped, target: gm_target(soft_fp64: true, fast_f32: false, runs: false)),
  ]

  /// One backend for each mode, as compiling the kernels is what takes time.
  static let backends: [Result<OpenCLBackend, DeviceError>] = modes.compactMap { mode in
    OpenCLDevices.found.all.first.map { device in
      Result { () throws(DeviceError) in
        try OpenCLBackend(
          device, target: mode.target, memorySharing: mode.memorySharing)
      }
    }
  }

  private func backend(_ mode: Int) throws -> OpenCLBackend {
    _ = try TestDevice.require()
    return try Self.backends[mode].get()
  }

  /// Checks a merge of inputs that begin anywhere, and of inputs that are staged as merges stage them.
  private func check(_ merge: MergeCase, _ mode: Int) throws {
    var merge = merge
    for isAligned in [false, true] {
      merge.isAligned = isAligned
      try checkOne(merge, mode)
    }
  }

  private func checkOne(_ merge: MergeCase, _ mode: Int) throws {
    let slot = try backend(mode).makeSlot(merge.layout)
    let reference: MergeCase.Reference =
      Self.modes[mode].target?.soft_fp64 == true ? .softFloat64 : .cpu
    let expected = merge.run(on: reference)
    // Twice, to see that nothing of the first block stays.
    for _ in 0..<2 {
      let result = try merge.run(on: slot)
      #expect(result.flags == expected.flags)
      #expect(result.firstDifference(from: expected) == nil, "\(merge)")
    }
  }

  @Test("every length, at every phase of the random numbers", arguments: lengths, modes.indices)
  func everyLength(count: Int, mode: Int) throws {
    for family in [gm_linear, gm_dare] {
      for first in count < 10_000 ? [0, 1, 2, 3, 4, 5] : [3, 8] {
        try check(MergeCase(family: family, count: count, first: first, seed: UInt64(first)), mode)
      }
    }
  }

  @Test(
    "elements far into a tensor, where 32 bits do not count them", arguments: modes.indices)
  func far(mode: Int) throws {
    for first in [1 << 31 - 1, 1 << 31 + 1, 1 << 32 - 3, 1 << 33 + 5, 1 << 40] {
      try check(MergeCase(family: gm_dare, count: 65, first: first), mode)
    }
  }

  @Test("every type of input and output", arguments: elements, elements)
  func everyType(input: gm_element, output: gm_element) throws {
    try check(MergeCase(input: input, output: output, count: 257), 0)
  }

  @Test("every type, by every family and in every mode", arguments: elements, modes.indices)
  func everyFamily(element: gm_element, mode: Int) throws {
    for family in [gm_linear, gm_dare] {
      try check(MergeCase(family: family, input: element, output: element, count: 257), mode)
    }
  }

  @Test(
    "every division", arguments: [gm_divide_none, gm_divide_exact, gm_divide_full], modes.indices)
  func everyDivision(division: gm_division, mode: Int) throws {
    try check(MergeCase(division: division), mode)
  }

  @Test(
    "averages of numbers whose sums binary32 just holds, or just not",
    arguments: [gm_bf16, gm_f16], [gm_divide_none, gm_divide_exact, gm_divide_full])
  func extremes(element: gm_element, division: gm_division) throws {
    // Three numbers of 8 bits fit into 24 if they differ by 14 exponents, of 11 bits by 11. From
    // about 20 on, the least is lost beside the others, where it may decide to which side of a tie.
    for reach in [1, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 26] {
      let merge = MergeCase(
        input: element, output: element, division: division, isAverage: true, exponentReach: reach)
      try check(merge, 0)
    }
  }

  @Test(
    "differences whose sums binary32 just holds, or just not, divided by anything",
    arguments: [gm_bf16, gm_f16], [4 * (1 - 0.9), 0.8, 1.2, 3, 700, 0.001])
  func differences(element: gm_element, divisor: Double) throws {
    for reach in [1, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 22, 25] {
      var merge = MergeCase(
        family: gm_dare, input: element, output: element, first: 5, inputsPerLaunch: [4],
        divisor: divisor, exponentReach: reach)
      try check(merge, 0)
      // On a GPU, what begins with a group.
      merge.first = 8
      try check(merge, 2)
    }
  }

  @Test(
    "differences of which the least decide, however small they are", arguments: [gm_bf16, gm_f16],
    [gm_divide_none, gm_divide_exact])
  func smallDifferences(element: gm_element, division: gm_division) throws {
    for reach in [8, 16, 24, 26] {
      for seed in 0..<4 {
        let merge = MergeCase(
          family: gm_dare, input: element, output: element, division: division, first: 8,
          inputsPerLaunch: [2], seed: UInt64(seed), exponentReach: reach)
        for mode in [0, 2] { try check(merge, mode) }
      }
    }
  }

  @Test(
    "averages to other types", arguments: [gm_f16, gm_f32, gm_f8_e4m3fn, gm_f8_e5m2fnuz],
    [gm_divide_exact, gm_divide_full])
  func averages(output: gm_element, division: gm_division) throws {
    for reach in [6, 24] {
      let merge = MergeCase(
        input: gm_bf16, output: output, division: division, isAverage: true, exponentReach: reach)
      try check(merge, 0)
    }
  }

  @Test(
    "launches that go on from an accumulator",
    arguments: [gm_linear, gm_dare], [gm_bf16, gm_f64, gm_f8_e5m2])
  func accumulators(family: gm_family, input: gm_element) throws {
    for mode in Self.modes.indices {
      for inputs in [[2, 1], [16, 16, 3]] {
        try check(
          MergeCase(
            family: family, input: input, output: input, first: 3, inputsPerLaunch: inputs), mode)
        // On a GPU, what begins with a group.
        try check(
          MergeCase(
            family: family, input: input, output: input, first: 8, inputsPerLaunch: inputs), mode)
      }
    }
  }

  @Test("NaN and infinity, in every type", arguments: elements)
  func notFinite(element: gm_element) throws {
    for family in [gm_linear, gm_dare] {
      let merge = MergeCase(
        family: family, input: element, output: element, count: 257, areFinite: false)
      for mode in Self.modes.indices { try check(merge, mode) }
    }
  }

  @Test(
    "zeros keep their signs", arguments: [gm_bf16, gm_f16, gm_f32, gm_f64], [gm_linear, gm_dare])
  func zeros(element: gm_element, family: gm_family) throws {
    for mode in Self.modes.indices {
      for inputs in [[2], [1, 1]] {
        let merge = MergeCase(
          family: family, input: element, output: element, first: 8, inputsPerLaunch: inputs,
          hasZeros: true)
        try check(merge, mode)
      }
    }
  }

  @Test("the check that a user can ask for passes", arguments: modes.indices)
  func check(mode: Int) throws {
    try backend(mode).check()
  }

  @Test("a result that is not finite sets its flag and no other", arguments: modes.indices)
  func flags(mode: Int) throws {
    var merge = MergeCase(flag: 4)
    #expect(merge.run(on: .cpu).flags.isEmpty)
    try check(merge, mode)
    merge.areFinite = false
    #expect(merge.run(on: .cpu).flags == [4])
    try check(merge, mode)
  }

  @Test("a block without launches only lends memory, aligned for direct I/O", arguments: [0, 1, 2])
  func lending(mode: Int) throws {
    let merge = MergeCase()
    let slot = try backend(mode).makeSlot(merge.layout)
    for round in UInt8(0)..<3 {
      let lent = try slot.finish(outputByteCount: 0)
      #expect(lent.flags.isEmpty)
      #expect(lent.bytes.count == merge.layout.outputByteCount)
      #expect(UInt(bitPattern: lent.bytes.baseAddress) % 4096 == 0)
      lent.bytes.copyBytes(from: [UInt8](repeating: round, count: lent.bytes.count))
      #expect(try merge.run(on: slot).firstDifference(from: merge.run(on: .cpu)) == nil)
    }
  }

  @Test("what does not fit into a buffer is refused, and something smaller still works")
  func tooLarge() throws {
    let backend = try backend(0)
    var layout = MergeCase().layout
    layout.inputByteCount = backend.maximumBufferByteCount + 1
    let error = #expect(throws: DeviceError.self) { try backend.makeSlot(layout) }
    #expect(error?.function == "clCreateBuffer")
    #expect(error?.status == -61)
    try check(MergeCase(), 0)
  }

  @Test("four threads with four slots get the same results", arguments: [0, 1, 2])
  func concurrency(mode: Int) async throws {
    let backend = try backend(mode)
    let cases = (0..<4).map {
      MergeCase(family: $0 % 2 == 0 ? gm_linear : gm_dare, count: 5003 + $0)
    }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for merge in cases {
        group.addTask {
          let slot = try backend.makeSlot(merge.layout)
          let expected = merge.run(on: .cpu)
          for _ in 0..<20 where try merge.run(on: slot) != expected { return false }
          return true
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }
}
