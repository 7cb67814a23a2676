package import GPUMerge

/// The drop mask as Documentation/Numerics.md defines it, written from the definition.
package enum MaskOracle {
  /// Philox4x32 with 10 rounds, word by word as in the paper's figure.
  package static func philox(_ counter: [UInt32], key: (UInt32, UInt32)) -> [UInt32] {
    var c = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let p0 = c[0].multipliedFullWidth(by: 0xD251_1F53)
      let p1 = c[2].multipliedFullWidth(by: 0xCD9E_8D57)
      c = [p1.high ^ c[1] ^ k0, p1.low, p0.high ^ c[3] ^ k1, p0.low]
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return c
  }

  /// Whether an element of the model at a position is kept.
  package static func keeps(
    element: Int, model: Int, dropRate: Double, seed: UInt64, tensor: TensorName
  ) -> Bool {
    let key = hash(seed: seed, name: tensor)
    let bits = randomBits(
      element: element, model: model,
      key: (UInt32(truncatingIfNeeded: key), UInt32(key >> 32)))
    return Double(bits) >= (dropRate * 4_294_967_296).rounded()
  }

  /// The 32 random bits of an element, the upper half from one call and the lower from another.
  package static func randomBits(element: Int, model: Int, key: (UInt32, UInt32)) -> UInt32 {
    let group = UInt64(element / 8)
    let halves = [UInt32(0), 1].map { part in
      let words = philox(
        [UInt32(truncatingIfNeeded: group), UInt32(group >> 32), UInt32(model), part], key: key)
      return words.flatMap { [$0 % 65_536, $0 / 65_536] }[element % 8]
    }
    return halves[0] * 65_536 + halves[1]
  }

  private static func hash(seed: UInt64, name: TensorName) -> UInt64 {
    var value: UInt64 = 14_695_981_039_346_656_037
    func take(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 1_099_511_628_211 }
    withUnsafeBytes(of: seed.littleEndian) { $0.forEach(take) }
    name.utf8.forEach(take)
    value ^= value >> 30
    value = value &* 0xBF58_476D_1CE4_E5B9
    value ^= value >> 27
    value = value &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
