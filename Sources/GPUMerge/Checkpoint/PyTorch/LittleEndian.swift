extension [UInt8] {
  /// The little-endian integer at `offset`, which with all its bytes lies inside the array.
  func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type, at offset: Int) -> T {
    var value: T = 0
    for index in 0..<T.bitWidth / 8 {
      value |= T(self[offset + index]) << (8 * index)
    }
    return value
  }

  /// Appends the bytes of an integer, least significant first.
  mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}

extension InputFile {
  /// The `count` bytes from `offset` on, which lie inside the file.
  func readBytes(at offset: Int, count: Int) throws(GPUMergeError) -> [UInt8] {
    var failure: GPUMergeError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      do throws(GPUMergeError) {
        try read(into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])), at: offset)
        initializedCount = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
