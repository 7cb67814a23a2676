import Kernels
import Testing

/// Results a hair beside the middle between two numbers: where rounding twice goes wrong.
@Suite("Ties")
struct TieTests {
  @Test("a quotient beside a tie is rounded to its own side", arguments: Format.short + [.f32])
  func quotients(output: Format) {
    var samples = Samples(seed: 1000)
    for tie in ties(output) {
      let divisor = Double(bitPattern: samples.nearOne(.f64, spread: 1))
      // The nearest binary64 number to divisor * tie: the quotient rounds to the tie in binary64.
      var run = KernelRun(.f32, to: output)
      run.weights = [Double(bitPattern: Format.f64.rounding(Exact(divisor) * tie))]
      run.divisor = divisor
      let expected = output.rounding(Exact(run.weights[0]) / Exact(divisor))
      expectEverywhere(run, [[Format.f32.one]], expected)
    }
  }

  @Test("a pair of binary64 numbers beside a tie is rounded as one number", arguments: Format.all)
  func pairs(output: Format) {
    for tie in ties(output) {
      for hair in [0x1p-70, -0x1p-70, 0x1p-100, 0] {
        for divisor in [1.0, 3, 4] {
          // tie + hair, times the divisor, as the sum of numbers of binary64.
          let scaled = tie * Exact(divisor)
          let upper = Format.f64.rounding(scaled)
          let lower = Format.f64.rounding(scaled - Format.f64.value(upper))
          let rest = Format.f64.rounding(tie * Exact(hair))
          let parts = [upper, lower, rest]
          let sum = parts.reduce(Exact(0)) { $0 + Format.f64.value($1) }
          var run = KernelRun(.f64, to: output)
          run.divisor = divisor
          expectEverywhere(run, parts.map { [$0] }, output.rounding(sum / Exact(divisor)))
        }
      }
    }
  }

  @Test("a base on a tie is rounded to the side of the change", arguments: Format.short)
  func changes(output: Format) {
    for tie in ties(output) {
      for input in [Format.f32, .f64] {
        let base = input.rounding(tie)
        for next in [base - 1, base + 1, base] {
          let change = input.value(next) - input.value(base)
          var run = KernelRun(gm_dare, input, to: output)
          run.divisor = 0x1p50
          let expected = output.rounding(input.value(base) + change / Exact(run.divisor))
          expectEverywhere(run, [[next]], base: [base], expected)
        }
      }
    }
  }

  /// Middles between neighbours, from the least subnormals to the largest number.
  private func ties(_ format: Format) -> [Exact] {
    var samples = Samples(seed: 1001)
    // Not the ends of binary64, where a sum of two numbers no longer represents the middle.
    let edges: [UInt64] =
      format.element == gm_f64
      ? [format.one] : [0, 1, 2, format.leastNormal - 1, format.leastNormal, format.largest - 1]
    let random = (0..<60).map { _ in samples.nearOne(format) & ~format.sign }
    return (edges + random).map { (format.value($0) + format.value($0 + 1)) * Exact(0.5) }
  }

  private func expectEverywhere(
    _ run: KernelRun, _ inputs: [[UInt64]], base: [UInt64] = [], _ expected: UInt64,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for engine in Engine.available {
      let result = run(inputs, base: base, on: engine).elements
      #expect(result == [expected], "\(run.output) on \(engine)", sourceLocation: sourceLocation)
    }
  }
}
