import Kernels

/// A small seeded generator (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Elements in their byte form: of all magnitudes up to 2, subnormals among them, or any at all.
  mutating func elements(_ type: gm_element, count: Int, areFinite: Bool) -> [UInt8] {
    // Clears the top bit of each exponent, which leaves no infinity and no NaN.
    let (byteCount, finite): (Int, UInt64) =
      switch type {
      case gm_f32: (count * 4, 0xBFFF_FFFF_BFFF_FFFF)
      case gm_f64: (count * 8, 0xBFFF_FFFF_FFFF_FFFF)
      case gm_f16, gm_bf16: (count * 2, 0xBFFF_BFFF_BFFF_BFFF)
      default: (count, 0xBFBF_BFBF_BFBF_BFBF)
      }
    let mask = areFinite ? finite : .max
    let words = (0..<(byteCount + 7) / 8).map { _ in (next() & mask).littleEndian }
    let bytes = words.withUnsafeBytes { Array($0.prefix(byteCount)) }
    // The NaN of types without negative zero.
    let isUnsigned = type == gm_f8_e4m3fnuz || type == gm_f8_e5m2fnuz
    return areFinite && isUnsigned ? bytes.map { $0 == 0x80 ? 0 : $0 } : bytes
  }

  /// Elements of 16 bits, of which a third are next to the least, and the others up to two exponents
  /// below the largest, so that sums of these are often ties that one of the least breaks.
  mutating func extremes(_ type: gm_element, count: Int, exponentReach: Int) -> [UInt8] {
    let (least, exponent): (UInt16, UInt16) = type == gm_bf16 ? (100 << 7, 1 << 7) : (1, 1 << 10)
    let most = least + UInt16(exponentReach) * exponent
    let words = (0..<count).map { _ in
      let bits = next()
      let below = min(UInt16(bits % (2 * UInt64(exponent))), most - least)
      let magnitude = bits >> 32 % 3 == 0 ? least + UInt16(bits % 2) : most - below
      return (magnitude | UInt16(bits >> 63) << 15).littleEndian
    }
    return words.withUnsafeBytes { Array($0) }
  }
}
