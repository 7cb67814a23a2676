import Kernels

/// One merge through the C interface, cut into pieces and launches as a test likes.
struct KernelRun {
  var family: gm_family
  var input: Format
  var base: Format
  var output: Format
  var wide: Bool
  /// One per input; all 1 unless set.
  var weights: [Double] = []
  var divisor = 1.0
  /// nil for the simplest one that the divisor allows.
  var division: gm_division?
  var threshold: UInt64 = 0
  var key: (UInt32, UInt32) = (0, 0)
  /// The index in the tensor of the first element.
  var first = 0
  /// Where pieces end, apart from the end.
  var cuts: [Int] = []
  var inputsPerLaunch = 16
  /// How far from an aligned address the operands are, in bytes.
  var misalignment = 0

  init(_ input: Format, to output: Format) {
    self.init(gm_linear, input, to: output)
  }

  init(_ family: gm_family, _ input: Format, base: Format? = nil, to output: Format) {
    self.family = family
    self.input = input
    self.base = base ?? input
    self.output = output
    wide = [input, self.base, output].contains { $0.element == gm_f64 }
  }

  /// Merges elements, given and returned as their bits.
  func callAsFunction(
    _ inputs: [[UInt64]], base: [UInt64] = [], on engine: Engine = .baseline
  ) -> KernelResult {
    let count = inputs[0].count
    let inputBytes = inputs.map { packed($0, input) }
    let baseBytes = packed(base, self.base)
    var accumulator = [UInt8](repeating: 0xee, count: misalignment + count * 16)
    var output = [UInt8](repeating: 0xee, count: misalignment + count * self.output.byteCount + 8)
    var nonfinite = false
    for (start, end) in zip([0] + cuts, cuts + [count]) {
      for from in stride(from: 0, to: inputs.count, by: inputsPerLaunch) {
        let members = from..<min(from + inputsPerLaunch, inputs.count)
        var kernel = self.kernel
        kernel.first = from == 0
        kernel.last = members.upperBound == inputs.count
        kernel.inputs = UInt32(members.count)
        let found = launch(
          kernel, start..<end, members, inputBytes, baseBytes, &accumulator, &output, engine)
        nonfinite = nonfinite || found
      }
    }
    let results = elements(of: output, count: count)
    let guardBytes = output.suffix(8) + output.prefix(misalignment)
    return KernelResult(
      elements: results, nonfinite: nonfinite, inBounds: guardBytes.allSatisfy { $0 == 0xee })
  }

  private var kernel: gm_kernel {
    var simplest = gm_divide_full
    if divisor == 1 { simplest = gm_divide_none }
    if divisor != 1 && divisor.significand == 1 && (1 / divisor).isNormal {
      simplest = gm_divide_exact
    }
    return gm_kernel(
      family: family, input: input.element, base: base.element, output: output.element,
      division: division ?? simplest, wide: wide, first: true, last: true, inputs: 0)
  }

  private func launch(
    _ kernel: gm_kernel, _ range: Range<Int>, _ members: Range<Int>, _ inputs: [[UInt8]],
    _ base: [UInt8], _ accumulator: inout [UInt8], _ output: inout [UInt8], _ engine: Engine
  ) -> Bool {
    var piece = gm_piece()
    piece.first = UInt64(first + range.lowerBound)
    piece.count = UInt64(range.count)
    piece.inputs = UInt32(members.count)
    var operands = gm_operands()
    let offset = misalignment
    return accumulator.withUnsafeMutableBytes { accumulator in
      output.withUnsafeMutableBytes { output in
        base.withUnsafeBytes { base in
          withPointers(to: Array(inputs[members])) { pointers in
            withUnsafeMutableBytes(of: &operands.input) { slots in
              let slots = slots.assumingMemoryBound(to: UnsafeRawPointer?.self)
              for (i, pointer) in pointers.enumerated() {
                slots[i] = pointer + offset + range.lowerBound * input.byteCount
              }
            }
            operands.base = base.baseAddress.map {
              $0 + offset + range.lowerBound * self.base.byteCount
            }
            operands.accumulator = accumulator.baseAddress.map {
              $0 + offset + range.lowerBound * (wide ? 16 : 8)
            }
            operands.output = output.baseAddress.map {
              $0 + offset + range.lowerBound * self.output.byteCount
            }
            return withParameters(members) { engine.merge(kernel, piece, operands, $0) }
          }
        }
      }
    }
  }

  private func withParameters(_ members: Range<Int>, _ body: (UnsafeRawPointer) -> Bool) -> Bool {
    if family == gm_linear {
      var linear = gm_linear_parameters()
      linear.divisor = divisor.bitPattern
      linear.reciprocal = (1 / divisor).bitPattern
      withUnsafeMutableBytes(of: &linear.weight) { bytes in
        let slots = bytes.assumingMemoryBound(to: UInt64.self)
        for (slot, i) in members.enumerated() {
          slots[slot] = (weights.isEmpty ? 1.0 : weights[i]).bitPattern
        }
      }
      return body(&linear)
    }
    var dare = gm_dare_parameters()
    dare.divisor = divisor.bitPattern
    dare.reciprocal = (1 / divisor).bitPattern
    dare.threshold = threshold
    dare.key = key
    dare.model = UInt32(members.lowerBound)
    return body(&dare)
  }

  private func packed(_ elements: [UInt64], _ format: Format) -> [UInt8] {
    let padding = [UInt8](repeating: 0xee, count: misalignment)
    switch format.byteCount {
    case 1: return padding + elements.map { UInt8(truncatingIfNeeded: $0) }
    case 2:
      return padding + elements.map { UInt16(truncatingIfNeeded: $0) }.withUnsafeBytes(Array.init)
    case 4:
      return padding + elements.map { UInt32(truncatingIfNeeded: $0) }.withUnsafeBytes(Array.init)
    default: return padding + elements.withUnsafeBytes(Array.init)
    }
  }

  private func elements(of bytes: [UInt8], count: Int) -> [UInt64] {
    bytes.withUnsafeBytes { bytes in
      (0..<count).map { index in
        let offset = misalignment + index * output.byteCount
        switch output.byteCount {
        case 1: return UInt64(bytes[offset])
        case 2: return UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        case 4: return UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        default: return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
      }
    }
  }
}

/// What a merge came to.
struct KernelResult: Equatable {
  var elements: [UInt64]
  /// What the launches said about NaN and infinity.
  var nonfinite: Bool
  /// Whether the bytes around the output are untouched.
  var inBounds: Bool
}

private func withPointers<R>(
  to arrays: [[UInt8]], _ found: [UnsafeRawPointer] = [], _ body: ([UnsafeRawPointer]) -> R
) -> R {
  guard found.count < arrays.count else { return body(found) }
  return arrays[found.count].withUnsafeBytes { bytes in
    withPointers(to: arrays, found + (bytes.baseAddress.map { [$0] } ?? []), body)
  }
}
