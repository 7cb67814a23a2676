package import BigInt

/// An exact fraction.
package struct Rational: Sendable, Hashable {
  package var numerator: BigInt
  package var denominator: BigInt

  package init(_ numerator: BigInt, _ denominator: BigInt = 1) {
    self.numerator = denominator.sign == .minus ? -numerator : numerator
    self.denominator = denominator.magnitude.asBigInt
  }

  package init(_ significand: BigInt, exponentOfTwo exponent: Int) {
    self.init(
      exponent > 0 ? significand << exponent : significand, exponent < 0 ? 1 << -exponent : 1)
  }

  /// A binary64 number, exactly.
  package init(_ value: Double) {
    self = FloatFormat.float64.exact(value.bitPattern)
  }

  package var magnitude: Rational { Rational(numerator.magnitude.asBigInt, denominator) }

  package static func + (a: Rational, b: Rational) -> Rational {
    if a.denominator == b.denominator {
      return Rational(a.numerator + b.numerator, a.denominator)
    }
    return Rational(
      a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
  }

  package static prefix func - (a: Rational) -> Rational { Rational(-a.numerator, a.denominator) }
  package static func - (a: Rational, b: Rational) -> Rational { a + -b }

  package static func * (a: Rational, b: Rational) -> Rational {
    Rational(a.numerator * b.numerator, a.denominator * b.denominator)
  }

  package static func / (a: Rational, b: Rational) -> Rational {
    Rational(a.numerator * b.denominator, a.denominator * b.numerator)
  }

  /// The exponent e with 2^e <= value < 2^(e + 1), for values above zero.
  var floorLog2: Int {
    let estimate = numerator.bitWidth - denominator.bitWidth
    return dividedByPowerOfTwo(estimate).isAtLeastOne ? estimate : estimate - 1
  }

  /// The exponent of the lowest bit that is set, for numbers with a finite binary expansion.
  var lowestBit: Int {
    numerator.trailingZeroBitCount - denominator.trailingZeroBitCount
  }

  private var isAtLeastOne: Bool { numerator >= denominator }

  func dividedByPowerOfTwo(_ exponent: Int) -> Rational {
    exponent >= 0
      ? Rational(numerator, denominator << exponent) : Rational(numerator << -exponent, denominator)
  }

  var roundedToNearestEven: BigInt {
    let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
    let twice = remainder * 2
    let roundsUp = twice > denominator || (twice == denominator && quotient % 2 != 0)
    return roundsUp ? quotient + 1 : quotient
  }
}

extension BigUInt {
  fileprivate var asBigInt: BigInt { BigInt(self) }
}
