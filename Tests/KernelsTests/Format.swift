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
  var specials = Specials.ieee

  /// What there is beside finite numbers.
  enum Specials {
    /// The largest exponent is that of infinity and NaN.
    case ieee
    /// The bits after the largest number are NaN; what is larger saturates.
    case saturating
    /// Negative zero's bits are NaN, as is what is larger; the bias is one more.
    case unsignedZero
  }

  static let f16 = Format(element: gm_f16, exponentBits: 5, fractionBits: 10, description: "f16")
  static let bf16 = Format(element: gm_bf16, exponentBits: 8, fractionBits: 7, description: "bf16")
  static let f32 = Format(element: gm_f32, exponentBits: 8, fractionBits: 23, description: "f32")
  static let f64 = Format(element: gm_f64, exponentBits: 11, fractionBits: 52, description: "f64")
  static let e4m3fn = Format(
    element: gm_f8_e4m3fn, exponentBits: 4, fractionBits: 3, description: "e4m3fn",
    specials: .saturating)
  static let e5m2 = Format(
    element: gm_f8_e5m2, exponentBits: 5, fractionBits: 2, description: "e5m2")
  static let e4m3fnuz = Format(
    element: gm_f8_e4m3fnuz, exponentBits: 4, fractionBits: 3, description: "e4m3fnuz",
    specials: .unsignedZero)
  static let e5m2fnuz = Format(
    element: gm_f8_e5m2fnuz, exponentBits: 5, fractionBits: 2, description: "e5m2fnuz",
    specials: .unsignedZero)
  static let bytes = [e4m3fn, e5m2, e4m3fnuz, e5m2fnuz]
  /// Those of which a test can try all bits.
  static let short = [f16, bf16] + bytes
  static let all = [f16, bf16, f32, f64] + bytes

  var bitWidth: Int { 1 + exponentBits + fractionBits }
  var byteCount: Int { bitWidth / 8 }
  var bias: Int { 1 << (exponentBits - 1) - (specials == .unsignedZero ? 0 : 1) }
  var sign: UInt64 { 1 << UInt64(bitWidth - 1) }
  var exponentMask: UInt64 { (1 << UInt64(exponentBits) - 1) << UInt64(fractionBits) }
  /// The magnitude after that of the largest number.
  var end: UInt64 {
    switch specials {
    case .ieee: exponentMask
    case .saturating: sign - 1
    case .unsignedZero: sign
    }
  }
  var largest: UInt64 { end - 1 }
  /// What a larger number becomes, infinity included.
  var overflow: UInt64 { specials == .saturating ? largest : end }
  var negativeZero: UInt64 { signed(0, isNegative: true) }
  /// In types of 8 bits, PyTorch's.
  var quietNaN: UInt64 {
    if specials == .unsignedZero { return sign }
    return bitWidth == 8 ? 0x7f : end | 1 << UInt64(fractionBits - 1)
  }
  var one: UInt64 { UInt64(bias) << UInt64(fractionBits) }
  var leastNormal: UInt64 { 1 << UInt64(fractionBits) }
  /// The exponent of the last place of subnormals.
  var leastPlace: Int { 1 - bias - fractionBits }

  func isNaN(_ bits: UInt64) -> Bool {
    switch specials {
    case .ieee: bits & ~sign > end
    case .saturating: bits & ~sign == end
    case .unsignedZero: bits == sign
    }
  }

  func isFinite(_ bits: UInt64) -> Bool {
    specials == .unsignedZero ? bits != sign : bits & ~sign < end
  }

  /// A magnitude with a sign, if it can have one.
  func signed(_ magnitude: UInt64, isNegative: Bool) -> UInt64 {
    isNegative && !(specials == .unsignedZero && magnitude == 0) ? magnitude | sign : magnitude
  }

  /// The exact value of a finite number.
  func value(_ bits: UInt64) -> Exact {
    let field = Int((bits & exponentMask) >> UInt64(fractionBits))
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
    let leading = numerator.bitWidth - denominator.bitWidth - 1 + value.place
    var place = max(leading - fractionBits, leastPlace)
    var (quotient, rest) = scaled(numerator, denominator, by: value.place - place)
    if quotient.bitWidth > fractionBits + 1 {
      place += 1
      (quotient, rest) = scaled(numerator, denominator, by: value.place - place)
    }
    if rest > 0 || (rest == 0 && quotient & 1 == 1) { quotient += 1 }
    let bits = quotient + BigUInt(place - leastPlace) << fractionBits
    let magnitude = bits < BigUInt(end) ? UInt64(bits) : overflow
    return signed(magnitude, isNegative: value.numerator < 0)
  }

  /// The quotient of n * 2^exponent and d, without fraction, and how the fraction compares with a
  /// half: negative, zero or positive.
  private func scaled(_ n: BigUInt, _ d: BigUInt, by exponent: Int) -> (BigUInt, BigInt) {
    let n = exponent > 0 ? n << exponent : n
    let d = exponent < 0 ? d << -exponent : d
    let (quotient, remainder) = n.quotientAndRemainder(dividingBy: d)
    return (quotient, BigInt(remainder) * 2 - BigInt(d))
  }
}

/// An exact rational number: numerator / denominator * 2^place.
struct Exact {
  var numerator: BigInt
  var denominator: BigInt = 1
  var place: Int

  init(_ significand: BigInt, place: Int) {
    numerator = significand
    self.place = place
  }

  init(_ value: Double) {
    self = Format.f64.value(value.bitPattern)
  }

  private init(numerator: BigInt, denominator: BigInt, place: Int) {
    self.numerator = denominator < 0 ? -numerator : numerator
    self.denominator = denominator < 0 ? -denominator : denominator
    self.place = place
  }

  /// Rounded to binary64.
  var inBinary64: Exact { Format.f64.value(Format.f64.rounding(self)) }

  static func + (a: Exact, b: Exact) -> Exact {
    let place = min(a.place, b.place)
    return Exact(
      numerator: (a.numerator * b.denominator) << (a.place - place)
        + (b.numerator * a.denominator) << (b.place - place),
      denominator: a.denominator * b.denominator, place: place)
  }
  static func - (a: Exact, b: Exact) -> Exact {
    a + Exact(numerator: -b.numerator, denominator: b.denominator, place: b.place)
  }
  static func * (a: Exact, b: Exact) -> Exact {
    Exact(
      numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator,
      place: a.place + b.place)
  }
  static func / (a: Exact, b: Exact) -> Exact {
    Exact(
      numerator: a.numerator * b.denominator, denominator: a.denominator * b.numerator,
      place: a.place - b.place)
  }
}
