import Kernels
import Testing

@Suite("linear")
struct LinearTests {
  static let counts = Array(1...9) + [16, 17]

  @Test("the mean is the exact mean rounded once", arguments: counts)
  func mean(count: Int) {
    var samples = Samples(seed: UInt64(count))
    for format in Format.all {
      var columns = (0..<40).map { _ in (0..<count).map { _ in samples.short(format) } }
      columns += (0..<40).map { _ in (0..<count).map { _ in samples.nearOne(format) } }
      columns += (0..<20).map { _ in (0..<count).map { _ in samples.next() % 40 } }
      columns += (0..<20).map { _ in
        (0..<count).map { _ in (format.leastNormal + samples.next() % 9 - 4) }
      }
      check(columns, format, to: format, weights: [], divisor: Double(count))
    }
  }

  /// Some of these sums fit in 24 bits and some do not, within 32 elements.
  @Test("the mean of numbers far from each other is exact, too", arguments: [2, 3, 4, 7, 16])
  func spreads(count: Int) {
    var samples = Samples(seed: UInt64(50 + count))
    for format in [Format.f16, .bf16] {
      for start in format.element == gm_bf16 ? [-70, 0, 100] : [-4, 0, 14] {
        for distance in 8...18 {
          let columns = (0..<64).map { i in
            let far = samples.full(format, exponent: start - distance + i % 3)
            return [samples.full(format, exponent: start), far]
              + (2..<count).map { _ in i % 2 == 0 ? 0 : samples.full(format, exponent: start - 1) }
          }
          check(columns, format, to: format, weights: [], divisor: Double(count))
        }
      }
    }
  }

  @Test(
    "a weighted average is rounded where the definition rounds", arguments: [1, 2, 3, 5, 16, 20])
  func weighted(count: Int) {
    var samples = Samples(seed: UInt64(100 + count))
    let pairs =
      [(Format.f16, Format.f16), (.bf16, .bf16), (.f32, .f32), (.f32, .bf16)]
      + Format.bytes.flatMap { [($0, $0), (.f32, $0)] }
    for (input, output) in pairs {
      for divisor in [1.0, 0.7, 3, -1.5, 0.25] {
        let weights = (0..<count).map { _ in Double(samples.below(2000) - 900) / 1000 }
        let columns = (0..<25).map { _ in (0..<count).map { _ in samples.nearOne(input) } }
        check(columns, input, to: output, weights: weights, divisor: divisor)
      }
    }
  }

  @Test("the weighted average of f64 is rounded once as long as products and sums fit")
  func weightedWide() {
    var samples = Samples(seed: 200)
    let weights = [0.5, 0.3, 0.2]
    for output in Format.all {
      let columns = (0..<100).map { _ in
        (0..<3).map { _ in samples.nearOne(.f64, spread: 0) & ~0xffff_ffff }
      }
      check(columns, .f64, to: output, weights: weights, divisor: 1.1)
    }
  }

  @Test("the mean of copies of a number is that number, for any count", arguments: Format.all)
  func copies(format: Format) {
    var samples = Samples(seed: 300)
    for count in [1, 2, 3, 5, 6, 7, 10, 11, 16, 49, 100] {
      // Up to the largest whose sum does not overflow binary64.
      let numbers = (0..<150).map { _ -> UInt64 in
        let bits = samples.finite(format)
        let limit = format.end - format.leastNormal * (format.element == gm_f64 ? 8 : 0)
        return bits & ~format.sign >= limit ? bits & format.sign | (limit - 1) : bits
      }
      var run = KernelRun(format, to: format)
      run.divisor = Double(count)
      for engine in Engine.available {
        let result = run([[UInt64]](repeating: numbers, count: count), on: engine)
        #expect(result.elements == numbers, "\(count) on \(engine)")
      }
    }
  }

  @Test("overflow, infinity and NaN come out as IEEE 754 has them, and are reported")
  func nonfinite() {
    for format in Format.all where format.specials == .ieee {
      let (infinity, nan, sign) = (format.end, format.quietNaN, format.sign)
      let cases: [([UInt64], UInt64)] = [
        ([infinity, format.one], infinity), ([infinity | sign, format.largest], infinity | sign),
        ([infinity, infinity | sign], nan), ([nan | 1 | sign, format.one], nan),
        ([infinity + 1, 0], nan), ([infinity, infinity], infinity),
      ]
      for divisor in [1.0, 2, 3] {
        for (column, expected) in cases {
          var run = KernelRun(format, to: format)
          run.divisor = divisor
          for engine in Engine.available {
            let result = run(column.map { [format.one, $0, 0] }, on: engine)
            #expect(result.elements[1] == expected, "\(format) / \(divisor) on \(engine)")
            #expect(result.nonfinite)
          }
        }
      }
      // Twice the largest, not divided: infinite in every format.
      let twice = KernelRun(format, to: format)([[format.largest], [format.largest]])
      #expect(twice == KernelResult(elements: [infinity], nonfinite: true, inBounds: true))
    }
  }

  @Test(
    "where there is no infinity, what is too large saturates or is NaN", arguments: Format.bytes)
  func overflow(format: Format) {
    guard format.specials != .ieee else { return }
    let becomesNaN = format.specials == .unsignedZero
    let expected = [false, true].map { format.signed(format.overflow, isNegative: $0) }
    for engine in Engine.available {
      let numbers = [format.largest, format.largest | format.sign]
      let sum = KernelRun(format, to: format)([numbers, numbers], on: engine)
      #expect(sum == KernelResult(elements: expected, nonfinite: becomesNaN, inBounds: true))
      let infinities = [Format.f32.end, Format.f32.end | Format.f32.sign]
      let infinite = KernelRun(.f32, to: format)([infinities], on: engine)
      #expect(infinite == sum)
      let nan = KernelRun(format, to: format)([[format.quietNaN]], on: engine)
      #expect(nan == KernelResult(elements: [format.quietNaN], nonfinite: true, inBounds: true))
    }
  }

  @Test(
    "zeros keep the sign that IEEE 754 gives their sum",
    arguments: Format.all.filter { $0.specials != .unsignedZero })
  func zeros(format: Format) {
    let minus = format.sign
    for engine in Engine.available {
      for divisor in [1.0, 2, 3] {
        var run = KernelRun(format, to: format)
        run.divisor = divisor
        let result = run(
          [[minus, minus, 0, format.one], [minus, 0, 0, format.one | minus]], on: engine)
        #expect(result.elements == [minus, 0, 0, 0], "\(divisor) on \(engine)")
        #expect(!result.nonfinite)
      }
    }
  }

  @Test("every kind of division that a divisor allows gives the same bits", arguments: Format.all)
  func divisions(format: Format) {
    var samples = Samples(seed: 400)
    let inputs = (0..<3).map { _ in (0..<500).map { _ in samples.any(format) } }
    for output in Format.all {
      for divisor in [1.0, 2, 0.25, 1024] {
        var run = KernelRun(format, to: output)
        run.divisor = divisor
        let simplest = run(inputs)
        run.division = gm_divide_full
        #expect(run(inputs) == simplest, "\(output), \(divisor)")
      }
    }
  }

  /// Compares a merge of columns (one value per input) with exact arithmetic, on every engine.
  private func check(
    _ columns: [[UInt64]], _ input: Format, to output: Format, weights: [Double], divisor: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let wide = input.element == gm_f64 || output.element == gm_f64
    let expected = columns.map { column -> UInt64 in
      var sum = Exact(0)
      for (i, bits) in column.enumerated() {
        let product = input.value(bits) * Exact(weights.isEmpty ? 1 : weights[i])
        sum = wide ? sum + product : (sum + product.inBinary64).inBinary64
      }
      return output.rounding(sum / Exact(divisor))
    }
    let inputs = (0..<columns[0].count).map { i in columns.map { $0[i] } }
    for perLaunch in [16, 2] {
      for engine in Engine.available {
        var run = KernelRun(input, to: output)
        run.weights = weights
        run.divisor = divisor
        run.inputsPerLaunch = perLaunch
        // The oracle has no negative zero.
        let result = run(inputs, on: engine).elements.map { $0 == output.negativeZero ? 0 : $0 }
        let differing = zip(result, expected).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
        let plus = expected.map { $0 == output.negativeZero ? 0 : $0 }
        #expect(
          result == plus,
          "\(input) to \(output) on \(engine), differing at \(differing.prefix(3))",
          sourceLocation: sourceLocation)
      }
    }
  }
}
