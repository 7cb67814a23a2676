import Kernels

/// The CRC-32 of zip, continued from `crc` (0 to start).
func crc32(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
  gm_crc32(crc, bytes.baseAddress, bytes.count)
}

/// The CRC-32 of A followed by B, where `second` is that of B and B is `secondByteCount` long.
func crc32Combine(_ first: UInt32, _ second: UInt32, secondByteCount: Int) -> UInt32 {
  gm_crc32_combine(first, second, UInt64(secondByteCount))
}
