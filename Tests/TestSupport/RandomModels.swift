package import GPUMerge

/// Models with random tensors that hold every kind of value: ordinary weights, ties, subnormals,
/// zeros of both signs, the largest numbers, infinities and NaN.
package struct RandomModels: Sendable {
  /// The format of each model, and of the base after them.
  package let formats: [FloatFormat]
  package let pool: ModelPool
  /// The bits of each tensor, by model (the base last) and tensor.
  package let bits: [[[UInt64]]]
  package let names: [TensorName]

  /// Makes models, to which the formats are given in turn.
  package init(
    count: Int, formats: [FloatFormat], lengths: [Int], seed: UInt64, hasBase: Bool = false,
    specials: Bool = true
  ) {
    var generator = SeededGenerator(seed: seed)
    let modelCount = count + (hasBase ? 1 : 0)
    self.formats = (0..<modelCount).map { formats[$0 % formats.count] }
    names = lengths.map { TensorName("layer.\($0).weight") }
    bits = self.formats.map { format in
      lengths.map { length in
        (0..<length).map { _ in Self.element(format, specials: specials, using: &generator) }
      }
    }
    var stateDicts: [StateDict] = []
    for (format, tensors) in zip(self.formats, bits) {
      var stateDict = StateDict()
      for (name, bits) in zip(names, tensors) {
        stateDict[name] = Self.tensor(bits, format: format)
      }
      stateDicts.append(stateDict)
    }
    pool = ModelPool(
      stateDicts: Array(stateDicts.prefix(count)), base: hasBase ? stateDicts.last : nil)
  }

  /// A tensor with one dimension.
  package static func tensor(_ bits: [UInt64], format: FloatFormat) -> Tensor? {
    let bytes = format.bytes(bits)
    let storage = TensorStorage(byteCount: bytes.count) { memory in
      bytes.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
    return try? Tensor(dtype: format.dtype, shape: [bits.count], storage: storage)
  }

  private static func element(
    _ format: FloatFormat, specials: Bool, using generator: inout SeededGenerator
  ) -> UInt64 {
    let random = generator.next()
    let isNegative = random & 1 != 0
    let sign = isNegative ? format.signBit : 0
    let fraction = random >> 8 & (1 << format.mantissaBits - 1)
    let bias = UInt64(format.bias)
    guard specials, random >> 1 & 7 == 0 else {
      // A weight near 2^-6, of which the exponents of different models differ by up to 7; or the
      // smaller numbers of a format that has few exponents.
      let exponent = (bias > 13 ? bias - 6 : bias) - min(random >> 4 & 7, bias - 1)
      return sign | exponent << format.mantissaBits | fraction
    }
    switch random >> 4 & 7 {
    case 0: return format.signed(0, isNegative: isNegative)
    case 1: return format.signed(fraction, isNegative: isNegative)  // Subnormal.
    case 2: return sign | 1
    case 3:
      // The largest number; for float64 one whose sums do not overflow binary64.
      let largest = format.finiteEnd - 1
      return sign | (format == .float64 ? largest - 16 << format.mantissaBits : largest)
    case 4: return sign | format.finiteEnd  // Infinity, or NaN where there is none.
    case 5: return sign | format.finiteEnd | 1 | fraction  // Mostly NaN.
    case 6: return sign | bias << format.mantissaBits  // 1, which makes ties.
    default: return sign | 1 << format.mantissaBits | fraction  // Near the smallest normal number.
    }
  }
}
