extension [UInt8] {
  /// The little-endian integer at `offset`, which with all its bytes lies inside the array.
  func integer<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: T.Type, at offset: Int
  ) -> T {
    // The slice checks the bounds.
    self[offset..<offset + T.bitWidth / 8].withUnsafeBytes {
      T(littleEndian: $0.loadUnaligned(as: T.self))
    }
  }

  /// Appends the bytes of an integer, least significant first.
  mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
