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

  /// Finite elements of all magnitudes, subnormals among them, in their byte form.
  mutating func elements(_ type: gm_element, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count {
      let bits = next()
      switch type {
      case gm_f16: append(finite(UInt16(truncatingIfNeeded: bits), exponent: 0x7C00))
      case gm_bf16: append(finite(UInt16(truncatingIfNeeded: bits), exponent: 0x7F80))
      case gm_f32: append(finite(UInt32(truncatingIfNeeded: bits), exponent: 0x7F80_0000))
      default: append(finite(bits, exponent: 0x7FF0_0000_0000_0000))
      }
    }
    return bytes

    func append<T: FixedWidthInteger>(_ bits: T) {
      withUnsafeBytes(of: bits.littleEndian) { bytes += $0 }
    }
  }
}

/// Clears the top bit of the exponent, which leaves no infinity, NaN or number above 2.
private func finite<T: FixedWidthInteger>(_ bits: T, exponent: T) -> T {
  bits & ~(exponent & ~(exponent >> 1))
}
