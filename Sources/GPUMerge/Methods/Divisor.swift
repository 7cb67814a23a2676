package import Kernels

/// What an accumulated sum is divided by: a binary64 number, and what the exact divisor is beyond it.
///
/// The rest matters to float64 checkpoints only, whose sums have twice the precision of binary64.
package struct Divisor: Sendable, Hashable {
  package var value: Double
  package var rest: Double

  package init(_ value: Double, rest: Double = 0) {
    self.value = value
    self.rest = rest
  }

  /// The sum of numbers, to about 106 bits (Knuth's TwoSum at each step).
  package init(sumOf terms: [Double]) {
    self.init(0)
    for term in terms {
      let sum = value + term
      let taken = sum - value
      let error = (value - (sum - taken)) + (term - taken)
      value = sum
      rest += error
    }
    normalize()
  }

  /// `count` times 1 - `dropRate`, to about 106 bits.
  package init(count: Int, keepRateOf dropRate: Double) {
    // 1 - p and its error are exact; so are the parts of the products, by fused multiply-add.
    let kept = 1 - dropRate
    let keptRest = (1 - kept) - dropRate
    let factor = Double(count)
    value = factor * kept
    rest = (-value).addingProduct(factor, kept) + factor * keptRest
    normalize()
  }

  private mutating func normalize() {
    let sum = value + rest
    rest -= sum - value
    value = sum
  }

  /// How to divide by it, in wide merges or others: see `gm_division`.
  ///
  /// The sum of 0.7 and 0.3 is 1 to all but wide merges, which then do not divide.
  package func division(isWide: Bool) -> gm_division {
    guard rest == 0 || !isWide else { return gm_divide_full }
    if value == 1 { return gm_divide_none }
    let isPowerOfTwo = value.isNormal && value.significandBitPattern == 0
    return isPowerOfTwo && (1 / value).isNormal ? gm_divide_exact : gm_divide_full
  }
}
