import Kernels
import Testing

@Suite("Philox4x32-10")
struct PhiloxTests {
  /// The vectors of Random123's kat_vectors.
  @Test(
    "gives the known answers",
    arguments: [
      (
        [0, 0, 0, 0], [0, 0],
        [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
      ),
      (
        [.max, .max, .max, .max], [.max, .max],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt32], [UInt32], [UInt32])])
  func knownAnswers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
    var result: [UInt32] = [0, 0, 0, 0]
    gm_philox4x32_10(counter, key, &result)
    #expect(result == expected)
  }
}

/// An implementation of its own, by the paper's description.
func philox(_ counter: [UInt32], _ key: (UInt32, UInt32)) -> [UInt32] {
  var (c, key) = (counter, key)
  for _ in 0..<10 {
    let (high0, low0) = c[0].multipliedFullWidth(by: 0xd251_1f53)
    let (high1, low1) = c[2].multipliedFullWidth(by: 0xcd9e_8d57)
    c = [high1 ^ c[1] ^ key.0, low1, high0 ^ c[3] ^ key.1, low0]
    key = (key.0 &+ 0x9e37_79b9, key.1 &+ 0xbb67_ae85)
  }
  return c
}
