import CZlib

/// The CRC-32 of zip, continued from `crc` (0 to start).
func crc32(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
  // zlib takes a null pointer for the wish to start afresh.
  guard let base = bytes.baseAddress else { return crc }
  return UInt32(
    truncatingIfNeeded: crc32_z(UInt(crc), base.assumingMemoryBound(to: UInt8.self), bytes.count))
}

/// The CRC-32 of A followed by B, where `second` is that of B and B is `secondByteCount` long.
func crc32Combine(_ first: UInt32, _ second: UInt32, secondByteCount: Int) -> UInt32 {
  UInt32(truncatingIfNeeded: crc32_combine(UInt(first), UInt(second), secondByteCount))
}
