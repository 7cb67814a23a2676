import Kernels
import Testing

@Suite("CRC-32")
struct CRC32Tests {
  @Test(
    "gives the values that zlib gives",
    arguments: [
      ("", 0), ("a", 0xe8b7_be43), ("123456789", 0xcbf4_3926),
      ("The quick brown fox jumps over the lazy dog", 0x414f_a339),
    ] as [(String, UInt32)])
  func knownAnswers(text: String, expected: UInt32) {
    #expect(gm_crc32(0, text, text.utf8.count) == expected)
  }

  @Test("agrees with the bitwise definition at every length and alignment")
  func definition() {
    var samples = Samples(seed: 1)
    let bytes = (0..<1400).map { _ in UInt8(truncatingIfNeeded: samples.next()) }
    bytes.withUnsafeBytes { bytes in
      for length in Array(0...300) + [511, 512, 513, 640, 657, 768, 1023, 1105, 1279, 1280] {
        let part = UnsafeRawBufferPointer(rebasing: bytes[length % 17..<length % 17 + length])
        let start = UInt32(length) &* 0x0101_0101
        #expect(gm_crc32(start, part.baseAddress, length) == bitwise(start, part), "\(length)")
      }
    }
  }

  @Test("of two parts is combined from those of the parts")
  func combination() {
    var samples = Samples(seed: 2)
    let bytes = (0..<1000).map { _ in UInt8(truncatingIfNeeded: samples.next()) }
    let whole = gm_crc32(0, bytes, bytes.count)
    for cut in [0, 1, 2, 63, 64, 500, 999, 1000] {
      let first = gm_crc32(0, bytes, cut)
      let second = Array(bytes[cut...])
      let secondCRC = gm_crc32(0, second, second.count)
      #expect(gm_crc32_combine(first, secondCRC, UInt64(second.count)) == whole, "\(cut)")
      #expect(gm_crc32(first, second, second.count) == whole, "\(cut)")
    }
  }

  @Test("is combined over more than four gigabytes")
  func longCombination() {
    // 2^33 + 5 zero bytes after "a", in 2^k steps of what the short cases have shown to be right.
    var zeros = (crc: gm_crc32(0, [0] as [UInt8], 1), count: UInt64(1))
    for _ in 0..<33 {
      zeros = (gm_crc32_combine(zeros.crc, zeros.crc, zeros.count), zeros.count * 2)
    }
    let five = gm_crc32(0, [0, 0, 0, 0, 0] as [UInt8], 5)
    let tail = gm_crc32_combine(zeros.crc, five, 5)
    let stepwise = gm_crc32_combine(
      gm_crc32_combine(gm_crc32(0, "a", 1), zeros.crc, 1 << 33), five, 5)
    #expect(gm_crc32_combine(gm_crc32(0, "a", 1), tail, 1 << 33 + 5) == stepwise)
  }

  private func bitwise(_ start: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = ~start
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~crc
  }
}
