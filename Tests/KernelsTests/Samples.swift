/// Numbers that are the same in every run.
struct Samples {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// A finite number with an exponent at most `spread` away from that of 1.
  mutating func nearOne(_ format: Format, spread: Int = 12) -> UInt64 {
    let spread = min(spread, format.bias - 1)
    let field = UInt64(format.bias + below(2 * spread + 1) - spread)
    let bits = field << UInt64(format.fractionBits) | next() & (format.leastNormal - 1)
    return next() & 1 == 0 ? bits : bits | format.sign
  }

  /// A number with all of its bits in use, and with a given exponent.
  mutating func full(_ format: Format, exponent: Int) -> UInt64 {
    let field = UInt64(min(max(format.bias + exponent, 1), 2 * format.bias))
    let bits = field << UInt64(format.fractionBits) | next() & (format.leastNormal - 1) | 1
    return next() & 1 == 0 ? bits : bits | format.sign
  }

  /// Few significant bits, so that sums of them are often ties.
  mutating func short(_ format: Format) -> UInt64 {
    nearOne(format, spread: format.fractionBits / 2) & ~(format.leastNormal >> 2 - 1)
  }

  /// Any bits, with what is special more often than not.
  mutating func any(_ format: Format) -> UInt64 {
    let sign = next() & 1 == 0 ? 0 : format.sign
    switch below(12) {
    case 0: return sign
    case 1: return sign | next() & (format.leastNormal - 1)
    case 2: return sign | format.leastNormal
    case 3: return sign | (format.largest - next() % 4)
    case 4: return below(8) == 0 ? sign | format.end : sign | 1
    case 5: return below(8) == 0 ? sign | format.quietNaN | 1 : sign | format.one
    case 6, 7: return next() & (format.sign | (format.sign - 1))
    default: return nearOne(format)
    }
  }

  /// Any finite bits.
  mutating func finite(_ format: Format) -> UInt64 {
    let bits = any(format)
    return format.isFinite(bits) ? bits : bits & 7
  }
}
