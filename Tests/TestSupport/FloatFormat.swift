import BigInt
package import GPUMerge

/// A binary floating-point format, decoded and rounded to by integer arithmetic of any width.
///
/// The oracle that merged values are held against; it shares nothing with the code under test.
package struct FloatFormat: Sendable, Hashable {
  package var exponentBits: Int
  package var mantissaBits: Int
  package var dtype: DType
  package var specials = Specials.ieee

  /// What a format has beside finite numbers.
  package enum Specials: Sendable {
    /// Infinity and NaN, with the largest exponent.
    case ieee
    /// NaN only, which follows the largest number. Larger ones are rounded to that.
    case saturating
    /// One NaN, with the bits of negative zero, which larger numbers are rounded to; the bias is one
    /// more than usual.
    case unsignedZero
  }

  package static let float16 = FloatFormat(exponentBits: 5, mantissaBits: 10, dtype: .float16)
  package static let bfloat16 = FloatFormat(exponentBits: 8, mantissaBits: 7, dtype: .bfloat16)
  package static let float32 = FloatFormat(exponentBits: 8, mantissaBits: 23, dtype: .float32)
  package static let float64 = FloatFormat(exponentBits: 11, mantissaBits: 52, dtype: .float64)
  package static let float8E4M3 = FloatFormat(
    exponentBits: 4, mantissaBits: 3, dtype: .float8E4M3, specials: .saturating)
  package static let float8E5M2 = FloatFormat(
    exponentBits: 5, mantissaBits: 2, dtype: .float8E5M2)
  package static let float8E4M3FNUZ = FloatFormat(
    exponentBits: 4, mantissaBits: 3, dtype: .float8E4M3FNUZ, specials: .unsignedZero)
  package static let float8E5M2FNUZ = FloatFormat(
    exponentBits: 5, mantissaBits: 2, dtype: .float8E5M2FNUZ, specials: .unsignedZero)
  package static let float8 = [float8E4M3, float8E5M2, float8E4M3FNUZ, float8E5M2FNUZ]
  package static let all = [float16, bfloat16, float32, float64] + float8

  package static func of(_ dtype: DType) -> FloatFormat? { all.first { $0.dtype == dtype } }

  package var byteWidth: Int { (1 + exponentBits + mantissaBits) / 8 }
  package var maximumExponent: UInt64 { (1 << exponentBits) - 1 }
  /// The magnitude after that of the largest number: infinity, if there is one.
  package var finiteEnd: UInt64 {
    switch specials {
    case .ieee: maximumExponent << mantissaBits
    case .saturating: signBit - 1
    case .unsignedZero: signBit
    }
  }
  /// The one NaN that merges produce: positive and quiet, with no payload, or PyTorch's.
  package var canonicalNaN: UInt64 {
    if specials == .unsignedZero { return signBit }
    return byteWidth == 1 ? 0x7F : finiteEnd | 1 << (mantissaBits - 1)
  }
  package var signBit: UInt64 { 1 << (exponentBits + mantissaBits) }
  package var bias: Int { (1 << (exponentBits - 1)) - (specials == .unsignedZero ? 0 : 1) }
  /// The exponent of the smallest number above zero.
  private var minimumUlp: Int { 1 - bias - mantissaBits }

  package func isNaN(_ bits: UInt64) -> Bool {
    switch specials {
    case .ieee: bits & ~signBit > finiteEnd
    case .saturating: bits & ~signBit == finiteEnd
    case .unsignedZero: bits == signBit
    }
  }

  package func isInfinite(_ bits: UInt64) -> Bool {
    specials == .ieee && bits & ~signBit == finiteEnd
  }

  package func isFinite(_ bits: UInt64) -> Bool { !isNaN(bits) && !isInfinite(bits) }

  /// A magnitude with a sign, if it can have one.
  package func signed(_ magnitude: UInt64, isNegative: Bool) -> UInt64 {
    isNegative && !(specials == .unsignedZero && magnitude == 0) ? magnitude | signBit : magnitude
  }

  /// What infinity and numbers beyond the largest become.
  package func overflow(isNegative: Bool) -> UInt64 {
    signed(specials == .saturating ? finiteEnd - 1 : finiteEnd, isNegative: isNegative)
  }

  /// The number that finite bits stand for.
  package func exact(_ bits: UInt64) -> Rational {
    let exponent = Int(bits >> mantissaBits & maximumExponent)
    let fraction = BigInt(bits & (1 << mantissaBits - 1))
    let significand = exponent == 0 ? fraction : fraction + (BigInt(1) << mantissaBits)
    let magnitude = Rational(significand, exponentOfTwo: max(exponent, 1) - bias - mantissaBits)
    return bits & signBit == 0 ? magnitude : -magnitude
  }

  /// The nearest bits to a number, ties to even; zero has the sign asked for.
  package func rounding(_ value: Rational, negativeZero: Bool = false) -> UInt64 {
    guard value.numerator != 0 else { return signed(0, isNegative: negativeZero) }
    let isNegative = value.numerator.sign == .minus
    let magnitude = value.magnitude
    let ulp = max(magnitude.floorLog2 - mantissaBits, minimumUlp)
    let significand = magnitude.dividedByPowerOfTwo(ulp).roundedToNearestEven
    guard significand != 0 else { return signed(0, isNegative: isNegative) }
    // A significand that rounded up to the next power of two carries into the exponent by itself.
    let exponent = ulp - minimumUlp
    let bits = (BigInt(exponent) << mantissaBits) + significand
    guard bits < BigInt(finiteEnd) else { return overflow(isNegative: isNegative) }
    return signed(UInt64(bits), isNegative: isNegative)
  }

  /// The bits of element `index`, read from little-endian bytes.
  package func bits(in bytes: UnsafeRawBufferPointer, at index: Int) -> UInt64 {
    (0..<byteWidth).reduce(0) { $0 | UInt64(bytes[index * byteWidth + $1]) << (8 * $1) }
  }

  /// The little-endian bytes of elements.
  package func bytes(_ bits: [UInt64]) -> [UInt8] {
    bits.flatMap { bits in (0..<byteWidth).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) } }
  }
}
