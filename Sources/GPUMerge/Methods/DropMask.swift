/// The Bernoulli mask of one tensor: which elements of which model are dropped.
///
/// Element `e` of the model at position `m` is dropped when its 32 random bits are below `threshold`.
/// The upper half of them is half `e % 8` of the words of
/// `Philox4x32-10(counter: [e / 8 low, e / 8 high, m, 0], key)`, the lower half the same with 1 instead of
/// 0. The mask depends on the seed, the tensor's name, the model's position and the element's index, and
/// on nothing else.
///
/// Philox: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
package struct DropMask: Sendable, Hashable {
  package var key: Key
  /// The drop probability times 2^32, rounded: 0 drops nothing, 2^32 everything.
  package var threshold: UInt64

  package struct Key: Sendable, Hashable {
    package var low: UInt32
    package var high: UInt32
  }

  /// A mask that drops each element with probability `dropRate`, in 0...1, to the nearest 2^-32.
  package init(dropRate: Double, seed: UInt64, tensor: TensorName) {
    threshold = UInt64((dropRate * 0x1p32).rounded())
    let hash = Self.hash(seed: seed, name: tensor)
    key = Key(low: UInt32(truncatingIfNeeded: hash), high: UInt32(truncatingIfNeeded: hash >> 32))
  }

  /// FNV-1a (64 bit) over the seed's eight bytes, lowest first, and the name's; then the finalizer
  /// of SplitMix64, so that every bit of the input reaches every bit of the key.
  private static func hash(seed: UInt64, name: TensorName) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    let seedBytes = (0..<8).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) }
    for byte in seedBytes + name.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    return hash ^ (hash >> 31)
  }
}
