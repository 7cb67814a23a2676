import GPUMerge
import Kernels

/// One tensor's merge, to compute on a slot and on the CPU and compare.
struct MergeCase: Sendable {
  var family = gm_linear
  var input = gm_f32
  var output = gm_f32
  var division = gm_divide_full
  var count = 1009
  var first = 0
  /// The number of inputs of each launch; more than one launch needs the accumulator.
  var inputsPerLaunch = [3]
  /// The index of the flag.
  var flag = 0
  var seed: UInt64 = 1
  /// Whether no element is NaN or infinite.
  var areFinite = true
  /// Whether every weight is 1.
  var isAverage = false
  /// Replaces what `division` stands for.
  var divisor: Double?
  /// How many exponents lie between the least and the largest elements; nil for any elements.
  ///
  /// For types of 16 bits only.
  var exponentReach: Int?
  /// Whether most elements are zero, of either sign.
  var hasZeros = false
  /// Whether inputs begin at multiples of 64 bytes.
  var isAligned = false

  /// What computes the CPU's side.
  enum Reference: Sendable { case cpu, softFloat64 }

  private var isWide: Bool { input == gm_f64 || output == gm_f64 }
  private var accumulatorByteCount: Int { count * (isWide ? 16 : 8) }
  private var inputByteCount: Int { count * size(input) }
  var outputByteCount: Int { count * size(output) }
  /// Inputs lie one element apart from being packed, to be aligned no better than they must be, or as a merge
  /// stages them.
  private var lanePitch: Int {
    let unaligned = inputByteCount + size(input)
    return isAligned ? (unaligned + 63) / 64 * 64 : unaligned
  }

  var layout: SlotLayout {
    let lanes = (inputsPerLaunch.max() ?? 0) + 1
    return SlotLayout(
      inputByteCount: lanes * lanePitch, accumulatorByteCount: accumulatorByteCount,
      outputByteCount: outputByteCount + 64, flagCount: flag + 3)
  }

  /// The lanes of a launch, after which comes the base.
  private func staged(_ launch: Int) -> [UInt8] {
    let lanes = inputsPerLaunch[launch]
    var random = SplitMix64(state: seed &+ UInt64(launch) &* 1000)
    var bytes: [UInt8] = []
    for _ in 0..<lanes {
      let elements = lanePitch / size(input)
      if let exponentReach {
        bytes += random.extremes(input, count: elements, exponentReach: exponentReach)
      } else {
        bytes += random.elements(input, count: elements, areFinite: areFinite)
      }
    }
    var baseRandom = SplitMix64(state: seed &+ 77)
    bytes += baseRandom.elements(input, count: lanePitch / size(input), areFinite: areFinite)
    if hasZeros { clearMost(&bytes) }
    return bytes
  }

  /// Makes three of four elements zero, with the sign that they had.
  private func clearMost(_ bytes: inout [UInt8]) {
    let size = size(input)
    for start in stride(from: 0, to: bytes.count, by: size) where bytes[start] & 3 != 0 {
      let last = start + size - 1
      for index in start..<last { bytes[index] = 0 }
      bytes[last] &= 0x80
    }
  }

  private func kernel(_ launch: Int) -> gm_kernel {
    gm_kernel(
      family: family, input: input, base: input, output: output, division: division, wide: isWide,
      first: launch == 0, last: launch == inputsPerLaunch.count - 1,
      inputs: UInt32(inputsPerLaunch[launch]))
  }

  private func piece(_ launch: Int) -> gm_piece {
    var piece = gm_piece()
    piece.count = UInt64(count)
    piece.first = UInt64(first)
    let lanes = inputsPerLaunch[launch]
    withUnsafeMutableBytes(of: &piece.input) { bytes in
      for lane in 0..<lanes {
        bytes.storeBytes(of: UInt64(lane * lanePitch), toByteOffset: lane * 8, as: UInt64.self)
      }
    }
    piece.base = UInt64(lanes * lanePitch)
    piece.inputs = UInt32(lanes)
    piece.flag = UInt32(flag)
    return piece
  }

  private func parameters(_ launch: Int) -> MethodParameters {
    // Not three: rounded to nearest or to odd, its quotients are the same.
    let divisor =
      self.divisor ?? (division == gm_divide_none ? 1 : division == gm_divide_exact ? 4 : 5)
    let reciprocal = 1 / divisor
    if family == gm_dare {
      return .dare(
        gm_dare_parameters(
          divisor: divisor.bitPattern, divisor_rest: 0, reciprocal: reciprocal.bitPattern,
          threshold: 1 << 31,
          key: (UInt32(truncatingIfNeeded: seed), 7),
          model: UInt32(inputsPerLaunch[..<launch].reduce(0, +)), reserved: 0))
    }
    var linear = gm_linear_parameters()
    linear.divisor = divisor.bitPattern
    linear.reciprocal = reciprocal.bitPattern
    withUnsafeMutableBytes(of: &linear.weight) { bytes in
      for lane in 0..<inputsPerLaunch[launch] {
        let weight = isAverage ? 1 : 0.1 + 0.37 * Double(lane + launch)
        bytes.storeBytes(of: weight.bitPattern, toByteOffset: lane * 8, as: UInt64.self)
      }
    }
    return .linear(linear)
  }

  /// Computes on a slot, staging each launch's inputs anew.
  func run(on slot: any Slot) throws -> Merged {
    try start(on: slot)
    let result = try slot.finish(outputByteCount: outputByteCount)
    return Merged(bytes: Array(result.bytes.prefix(outputByteCount)), flags: result.flags)
  }

  /// Starts all launches.
  func start(on slot: any Slot) throws {
    for launch in inputsPerLaunch.indices {
      let bytes = staged(launch)
      try slot.beginInput().copyBytes(from: bytes)
      let one = Launch(
        kernel: kernel(launch), piece: piece(launch), parameters: parameters(launch))
      try slot.run([one], stagedByteCount: bytes.count, uploads: [])
    }
  }

  /// Computes on the CPU.
  func run(on reference: Reference) -> Merged {
    var output = [UInt8](repeating: 0, count: outputByteCount)
    var accumulator = [UInt8](repeating: 0, count: accumulatorByteCount)
    var isFlagged = false
    for launch in inputsPerLaunch.indices {
      let bytes = staged(launch)
      isFlagged = merge(launch, bytes, &accumulator, &output, reference)
    }
    return Merged(bytes: output, flags: isFlagged ? [flag] : [])
  }

  private func merge(
    _ launch: Int, _ bytes: [UInt8], _ accumulator: inout [UInt8], _ output: inout [UInt8],
    _ reference: Reference
  ) -> Bool {
    var piece = piece(launch)
    var operands = gm_operands()
    return bytes.withUnsafeBytes { input in
      withUnsafeMutableBytes(of: &operands.input) { inputs in
        for lane in 0..<inputsPerLaunch[launch] {
          inputs.storeBytes(
            of: input.baseAddress?.advanced(by: lane * lanePitch), toByteOffset: lane * 8,
            as: UnsafeRawPointer?.self)
        }
      }
      operands.base = input.baseAddress?.advanced(by: Int(piece.base))
      return accumulator.withUnsafeMutableBytes { accumulator in
        output.withUnsafeMutableBytes { output in
          operands.accumulator = accumulator.baseAddress
          operands.output = output.baseAddress
          return parameters(launch).withBytes { parameters in
            switch reference {
            case .cpu:
              gm_cpu_merge(
                gm_isa_baseline, kernel(launch), &piece, &operands, parameters.baseAddress)
            case .softFloat64:
              gm_cpu_merge_soft_fp64(kernel(launch), &piece, &operands, parameters.baseAddress)
            }
          }
        }
      }
    }
  }
}

/// What a merge came to.
struct Merged: Equatable {
  var bytes: [UInt8]
  var flags: [Int]

  /// The first byte that differs, as comparing with #expect would describe all of them.
  func firstDifference(from other: Merged) -> Int? {
    bytes.count == other.bytes.count
      ? bytes.indices.first { bytes[$0] != other.bytes[$0] } : bytes.count
  }
}

/// The bytes of an element.
func size(_ element: gm_element) -> Int {
  switch element {
  case gm_f32: 4
  case gm_f64: 8
  case gm_f16, gm_bf16: 2
  default: 1
  }
}
