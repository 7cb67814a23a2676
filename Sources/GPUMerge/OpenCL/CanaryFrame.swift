/// Memory with canaries on both sides: bytes that nothing but their planting may change.
///
/// A device that writes where it should not, or that does not copy back everything, is found out by
/// them before its results are used.
struct CanaryFrame {
  /// The memory between the canaries.
  let byteCount: Int
  /// The canaries on each side, a multiple of eight.
  let guardByteCount: Int

  /// The memory and both canaries.
  var wholeByteCount: Int { byteCount + 2 * guardByteCount }

  private func sides(at start: UnsafeMutableRawPointer) -> [UnsafeMutableRawPointer] {
    [start, start + guardByteCount + byteCount]
  }

  /// No two words are the same and none is zero, so that shifted or cleared memory is noticed.
  private func word(_ index: Int) -> UInt64 { UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15 }

  private var indices: Range<Int> { 0..<guardByteCount / 8 }

  /// Writes the canaries around the memory that begins with them.
  func plant(at start: UnsafeMutableRawPointer) {
    for side in sides(at: start) {
      for index in indices {
        side.storeBytes(of: word(index), toByteOffset: index * 8, as: UInt64.self)
      }
    }
  }

  /// Makes the host's copy of the canaries wrong, so that only a copy from the device restores it.
  func disturb(at start: UnsafeMutableRawPointer) {
    for side in sides(at: start) {
      side.initializeMemory(as: UInt8.self, repeating: 0, count: guardByteCount)
    }
  }

  /// Whether both canaries are as they were planted.
  func isIntact(at start: UnsafeMutableRawPointer) -> Bool {
    sides(at: start).allSatisfy { side in
      indices.allSatisfy { side.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) == word($0) }
    }
  }
}
