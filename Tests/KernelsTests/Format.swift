import BigInt
import Kernels

/// A binary floating-point format, with a rounding of its own: the oracle of these tests.
///
/// Works on exact rationals of big integers and shares nothing with the kernels.
struct Format: Sendable, CustomStringConvertible {
  let element: gm_element
  let exponentBits: Int
  let fractionBits: Int
  let description: String

  static let f16 = Format(element: gm_f16, exponentBits: 5, fractionBits: 10, description: "f16")
  static let bf16 = Format(element: gm_bf16, exponentBits: 8, fractionBits: 7, description: "bf16")
  static let f32 = Format(element: gm_f32, exponentBits: 8, fractionBits: 23, description: "f32")
  static let f64 = Format(element: gm_f64, exponentBits: 11, fractionBits: 52, description: "f64")
  static let all = [f16, bf16, f32, f64]

  var bitWidth: Int { 1 + exponentBits + fractionBits }
  var byteCount: Int { bitWidth / 8 }
  var bias: Int { 1 << (exponentBits - 1) - 1 }
  var sign: UInt64 { 1 << UInt64(bitWidth - 1) }
  var infinity: UInt64 { (1 << UInt64(exponentBits) - 1) << UInt64(fractionBits) }
  var largest: UInt64 { infinity - 1 }
  var quietNaN: UInt64 { infinity | 1 << UInt64(fractionBits - 1) }
  var one: UInt64 { UInt64(bias) << UInt64(fractionBits) }
  var leastNormal: UInt64 { 1 << UInt64(fractionBits) }
  /// The exponent of the last place of subnormals.
  var leastPlace: Int { 1 - bias - fractionBits }

  func isNaN(_ bits: UInt64) -> Bool { bits & ~sign > infinity }
  func isFinite(_ bits: UInt64) -> Bool { bits & infinity != infinity }

  /// The exact value of a finite number.
  func value(_ bits: UInt64) -> Exact {
    let field = Int((bits & infinity) >> UInt64(fractionBits))
    let fraction = bits & (leastNormal - 1)
    let significand = field == 0 ? fraction : fraction | leastNormal
    let place = leastPlace + max(field, 1) - 1
    let magnitude = BigInt(significand)
    return Exact(bits & sign == 0 ? magnitude : -magnitude, place: place)
  }

  /// Rounds to nearest, ties to even; zero becomes positive.
  func rounding(_ value: Exact) -> UInt64 {
    guard value.numerator != 0 else { return 0 }
    let numerator = value.numerator.magnitude
    let denominator = value.denominator.magnitude
    // The place of the leading bit, or the one below it.
    let leading = numerator.bitWidth - denominator.bitWidth - 1
    var place = max(leading - fractionBits, leastPlace)
    var (quotient, remainder) = scaled(numerator, denominator, by: -place)
    if quotient.bitWidth > fractionBits + 1 {
      place += 1
      (quotient, remainder) = scaled(numerator, denominator, by: -place)
    }
    let divisor = place > 0 ? denominator << place : denominator
    if remainder * 2 > divisor || (remainder * 2 == divisor && quotient & 1 == 1) { quotient += 1 }
    let bits = quotient + BigUInt(place - leastPlace) << fractionBits
    let magnitude = bits > BigUInt(infinity) ? infinity : UInt64(bits)
    return value.numerator < 0 ? magnitude | sign : magnitude
  }

  private func scaled(
    _ numerator: BigUInt, _ denominator: BigUInt, by exponent: Int
  ) -> (BigUInt, BigUInt) {
    exponent >= 0
      ? (numerator << exponent).quotientAndRemainder(dividingBy: denominator)
      : numerator.quotientAndRemainder(dividingBy: denominator << -exponent)
  }
}

/// An exact rational number.
struct Exact {
  var numerator: BigInt
  var denominator: BigInt

  init(_ significand: BigInt, place: Int) {
    numerator = place > 0 ? significand << place : significand
    denominator = place < 0 ? BigInt(1) << -place : 1
  }

  init(_ value: Double) {
    self = Format.f64.value(value.bitPattern)
  }

  private init(numerator: BigInt, denominator: BigInt) {
    self.numerator = denominator < 0 ? -numerator : numerator
    self.denominator = denominator < 0 ? -denominator : denominator
  }

  /// Rounded to binary64.
  var inBinary64: Exact { Format.f64.value(Format.f64.rounding(self)) }

  static func + (a: Exact, b: Exact) -> Exact {
    Exact(
      numerator: a.numerator * b.denominator + b.numerator * a.denominator,
      denominator: a.denominator * b.denominator)
  }
  static func - (a: Exact, b: Exact) -> Exact {
    a + Exact(numerator: -b.numerator, denominator: b.denominator)
  }
  static func * (a: Exact, b: Exact) -> Exact {
    Exact(numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator)
  }
  static func / (a: Exact, b: Exact) -> Exact {
    Exact(numerator: a.numerator * b.denominator, denominator: a.denominator * b.numerator)
  }
}
