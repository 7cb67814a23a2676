import Kernels
import Testing

@Suite("SHA-256 in the kernels")
struct SHA256KernelTests {
  private let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 3) }

  private func digest(_ count: Int, piece: Int, plain: Bool) -> [UInt8] {
    var sum = gm_sha256()
    gm_sha256_begin(&sum)
    if plain { sum.has_instructions = false }
    for start in stride(from: 0, to: count, by: piece) {
      bytes[start..<min(start + piece, count)].withUnsafeBytes {
        gm_sha256_add(&sum, $0.baseAddress, $0.count)
      }
    }
    var result = [UInt8](repeating: 0, count: 32)
    gm_sha256_end(&sum, &result)
    return result
  }

  @Test("is the same with and without the processor's instructions")
  func instructions() {
    for count in Array(0...200) + [511, 512, 513, 1000] {
      let plain = digest(count, piece: 1000, plain: true)
      #expect(digest(count, piece: 1000, plain: false) == plain, "\(count)")
      #expect(digest(count, piece: 70, plain: false) == plain, "\(count)")
    }
  }
}
