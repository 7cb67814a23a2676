extension DType {
  /// The indices of the elements of little-endian `bytes` that are NaN or infinite.
  package func nonFiniteIndices(in bytes: UnsafeRawBufferPointer) -> [Int] {
    switch self {
    // No infinity.
    case .float8E4M3: indices(in: bytes, where: { (bits: UInt8) in bits & 0x7F == 0x7F })
    case .float8E5M2: indices(in: bytes, where: { (bits: UInt8) in bits & 0x7C == 0x7C })
    // NaN is what would be negative zero.
    case .float8E4M3FNUZ, .float8E5M2FNUZ:
      indices(in: bytes, where: { (bits: UInt8) in bits == 0x80 })
    case .float16: indices(in: bytes, where: { (bits: UInt16) in bits & 0x7C00 == 0x7C00 })
    case .bfloat16: indices(in: bytes, where: { (bits: UInt16) in bits & 0x7F80 == 0x7F80 })
    case .float32:
      indices(in: bytes, where: { (bits: UInt32) in bits & 0x7F80_0000 == 0x7F80_0000 })
    case .float64:
      indices(
        in: bytes,
        where: { (bits: UInt64) in bits & 0x7FF0_0000_0000_0000 == 0x7FF0_0000_0000_0000 })
    default: []
    }
  }

  private func indices<T: FixedWidthInteger & BitwiseCopyable>(
    in bytes: UnsafeRawBufferPointer, where isNonFinite: (T) -> Bool
  ) -> [Int] {
    let width = MemoryLayout<T>.size
    return (0..<bytes.count / width).filter {
      isNonFinite(T(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * width, as: T.self)))
    }
  }
}
