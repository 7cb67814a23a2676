import BigInt
package import GPUMerge

/// A binary floating-point format, decoded and rounded to by integer arithmetic of any width.
///
/// The oracle that merged values are held against; it shares nothing with the code under test.
package struct FloatFormat: Sendable, Hashable {
  package var exponentBits: Int
  package var mantissaBits: Int
  package var dtype: DType

  package static let float16 = FloatFormat(exponentBits: 5, mantissaBits: 10, dtype: .float16)
  package static let bfloat16 = FloatFormat(exponentBits: 8, mantissaBits: 7, dtype: .bfloat16)
  package static let float32 = FloatFormat(exponentBits: 8, mantissaBits: 23, dtype: .float32)
  package static let float64 = FloatFormat(exponentBits: 11, mantissaBits: 52, dtype: .float64)
  package static let all = [float16, bfloat16, float32, float64]

  package static func of(_ dtype: DType) -> FloatFormat? { all.first { $0.dtype == dtype } }

  package var byteWidth: Int { (1 + exponentBits + mantissaBits) / 8 }
  package var maximumExponent: UInt64 { (1 << exponentBits) - 1 }
  package var infinity: UInt64 { maximumExponent << mantissaBits }
  /// The one NaN that merges produce: positive and quiet, with no payload.
  package var canonicalNaN: UInt64 { infinity | 1 << (mantissaBits - 1) }
  package var signBit: UInt64 { 1 << (exponentBits + mantissaBits) }
  private var bias: Int { (1 << (exponentBits - 1)) - 1 }
  /// The exponent of the smallest number above zero.
  private var minimumUlp: Int { 1 - bias - mantissaBits }

  package func isNaN(_ bits: UInt64) -> Bool { bits & ~signBit > infinity }
  package func isInfinite(_ bits: UInt64) -> Bool { bits & ~signBit == infinity }

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
    let sign = value.numerator.sign == .minus ? signBit : 0
    guard value.numerator != 0 else { return negativeZero ? signBit : 0 }
    let magnitude = value.magnitude
    let ulp = max(magnitude.floorLog2 - mantissaBits, minimumUlp)
    let significand = magnitude.dividedByPowerOfTwo(ulp).roundedToNearestEven
    guard significand != 0 else { return sign }
    // A significand that rounded up to the next power of two carries into the exponent by itself.
    let exponent = ulp - minimumUlp
    let bits = (BigInt(exponent) << mantissaBits) + significand
    return sign | (bits >= BigInt(infinity) ? infinity : UInt64(bits))
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
