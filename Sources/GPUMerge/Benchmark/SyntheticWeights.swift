/// Weights out of a counter: the same in every run, and different for every seed.
struct SyntheticWeights {
  /// `bfloat16` or `float32`.
  let dtype: DType
  let seed: UInt64

  /// Fills memory with elements of either sign from 2^-7 to 2^-3, as weights are.
  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    // Sign, two bits of the exponent and the fraction are random.
    let (random, fixed): (UInt64, UInt64) =
      dtype == .bfloat16
      ? (0x81FF_81FF_81FF_81FF, 0x3C00_3C00_3C00_3C00)
      : (0x81FF_FFFF_81FF_FFFF, 0x3C00_0000_3C00_0000)
    var offset = 0
    var state = seed &* 0xD134_2543_DE82_EF95
    while offset < bytes.count {
      // SplitMix64.
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
      word = ((word ^ word >> 31) & random | fixed).littleEndian
      withUnsafeBytes(of: word) { word in
        let count = min(word.count, bytes.count - offset)
        UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + count])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<count]))
      }
      offset += 8
    }
  }
}
