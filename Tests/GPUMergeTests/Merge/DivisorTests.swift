import GPUMerge
import Kernels
import Testing

@Suite("A divisor")
struct DivisorTests {
  @Test(
    "is divided by only where the precision of the sums shows it",
    arguments: [
      // The decimals 0.7 and 0.3 as binary numbers add up to 1 - 2^-54.
      ([0.7, 0.3], gm_divide_none, gm_divide_full),
      ([0.1, 0.2, 0.3, 0.4], gm_divide_none, gm_divide_full),
      ([0.5, 0.5], gm_divide_none, gm_divide_none),
      ([1, 1], gm_divide_exact, gm_divide_exact),
      ([1, 0x1p-60, 1], gm_divide_exact, gm_divide_full),
      ([1, 1, 1], gm_divide_full, gm_divide_full),
    ])
  func division(weights: [Double], narrow: gm_division, wide: gm_division) {
    let divisor = Divisor(sumOf: weights)
    #expect(divisor.division(isWide: false) == narrow)
    #expect(divisor.division(isWide: true) == wide)
  }
}
