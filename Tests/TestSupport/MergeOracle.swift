import BigInt
import GPUMerge

/// What merges must give, element by element, from the definitions of the methods in exact arithmetic.
package enum MergeOracle {
  /// The bits that are right: all values between two roundings, mostly one and the same.
  package struct Expectation: Sendable {
    var lowest: UInt64
    var highest: UInt64
    var format: FloatFormat

    /// Whether a result is one of the values that are right, bit for bit.
    package func accepts(_ bits: UInt64) -> Bool {
      if bits == lowest || bits == highest { return true }
      guard ![lowest, highest, bits].contains(where: format.isNaN) else { return false }
      let range = [ordered(lowest), ordered(highest)].sorted()
      return range[0] < ordered(bits) && ordered(bits) < range[1]
    }

    /// Bits as integers in the order of the numbers they stand for.
    private func ordered(_ bits: UInt64) -> Int64 {
      let magnitude = Int64(bits & (format.signBit - 1))
      return bits & format.signBit == 0 ? magnitude : -magnitude
    }
  }

  /// sum of weights[i] * inputs[i] over the divisor, rounded once.
  ///
  /// With `isExact`, nothing but the correctly rounded value is right; otherwise the sum may be off by
  /// a few units of binary64 (or of twice that precision where float64 is involved).
  package static func linear(
    _ inputs: [(bits: UInt64, format: FloatFormat)], weights: [Double], divisor: Rational,
    output: FloatFormat, isExact: Bool
  ) -> Expectation {
    if let special = special(inputs, weights: weights, output: output) {
      return Expectation(lowest: special, highest: special, format: output)
    }
    let terms = zip(inputs, weights).map { $0.format.exact($0.bits) * Rational($1) }
    let isNegativeZero = zip(inputs, weights).allSatisfy { input, weight in
      (input.bits & input.format.signBit != 0) != (weight.sign == .minus)
    }
    let isWide = output == .float64 || inputs.contains { $0.format == .float64 }
    return expectation(
      sum(terms) / divisor, scale: sum(terms.map(\.magnitude)) / divisor.magnitude,
      output: output, isExact: isExact && bitSpan(terms) <= (isWide ? 106 : 53), isWide: isWide,
      negativeZero: isNegativeZero)
  }

  /// The bits that a sum of these numbers, and every part of it, fits in.
  private static func bitSpan(_ terms: [Rational]) -> Int {
    let nonzero = terms.filter { $0.numerator != 0 }
    guard let highest = nonzero.map({ $0.magnitude.floorLog2 }).max(),
      let lowest = nonzero.map(\.lowestBit).min()
    else { return 0 }
    return highest - lowest + 1 + (terms.count.bitWidth - terms.count.leadingZeroBitCount)
  }

  /// base + sum of kept (inputs[i] - base) over the divisor, rounded once.
  package static func dare(
    _ inputs: [(bits: UInt64, format: FloatFormat)], base: (bits: UInt64, format: FloatFormat),
    kept: [Bool], divisor: Rational, output: FloatFormat
  ) -> Expectation {
    let keptInputs = zip(inputs, kept).filter(\.1).map(\.0)
    let operands = keptInputs + [base]
    if operands.contains(where: { $0.format.isNaN($0.bits) || $0.format.isInfinite($0.bits) }) {
      return nonFinite(keptInputs, base: base, output: output)
    }
    let baseValue = base.format.exact(base.bits)
    let differences = keptInputs.map { $0.format.exact($0.bits) - baseValue }
    let isWide = output == .float64 || (inputs + [base]).contains { $0.format == .float64 }
    return expectation(
      baseValue + sum(differences) / divisor,
      scale: baseValue.magnitude + sum(differences.map(\.magnitude)) / divisor, output: output,
      isExact: keptInputs.isEmpty, isWide: isWide,
      negativeZero: base.bits & base.format.signBit != 0 && sum(differences).numerator == 0)
  }

  private static func expectation(
    _ value: Rational, scale: Rational, output: FloatFormat, isExact: Bool, isWide: Bool,
    negativeZero: Bool
  ) -> Expectation {
    let exact = output.rounding(value, negativeZero: negativeZero)
    guard !isExact else { return Expectation(lowest: exact, highest: exact, format: output) }
    if exact & ~output.signBit == 0, !output.isNaN(exact), value.numerator != 0 {
      // A number too small to be anything but zero: of which sign, depends on where it got lost.
      return Expectation(
        lowest: output.signed(0, isNegative: true), highest: 0, format: output)
    }
    let slack = scale * Rational(1, exponentOfTwo: isWide ? -100 : -49)
    guard slack.numerator != 0 else {
      return Expectation(lowest: exact, highest: exact, format: output)
    }
    return Expectation(
      lowest: output.rounding(value - slack), highest: output.rounding(value + slack),
      format: output)
  }

  private static func sum(_ terms: [Rational]) -> Rational { terms.reduce(Rational(0), +) }

  private static func special(
    _ inputs: [(bits: UInt64, format: FloatFormat)], weights: [Double], output: FloatFormat
  ) -> UInt64? {
    var hasNaN = false
    var infinities: Set<Bool> = []
    for (input, weight) in zip(inputs, weights) {
      if input.format.isNaN(input.bits) { hasNaN = true }
      guard input.format.isInfinite(input.bits) else { continue }
      if weight == 0 { hasNaN = true }
      infinities.insert((input.bits & input.format.signBit != 0) != (weight < 0))
    }
    if hasNaN || infinities.count == 2 { return output.canonicalNaN }
    return infinities.first.map { output.overflow(isNegative: $0) }
  }

  private static func nonFinite(
    _ kept: [(bits: UInt64, format: FloatFormat)], base: (bits: UInt64, format: FloatFormat),
    output: FloatFormat
  ) -> Expectation {
    func expect(_ bits: UInt64) -> Expectation {
      Expectation(lowest: bits, highest: bits, format: output)
    }
    if base.format.isNaN(base.bits) { return expect(output.canonicalNaN) }
    if base.format.isInfinite(base.bits) {
      // Infinity minus itself is not a number, and minus a number it is infinite the other way.
      return expect(
        kept.isEmpty
          ? output.overflow(isNegative: base.bits & base.format.signBit != 0)
          : output.canonicalNaN)
    }
    return expect(
      special(kept, weights: kept.map { _ in 1 }, output: output) ?? output.canonicalNaN)
  }
}
