import Kernels
import Testing

@Suite("dare")
struct DareTests {
  @Test("agrees with the definition in exact arithmetic", arguments: Format.all)
  func definition(format: Format) {
    var samples = Samples(seed: 500)
    let count = 300
    let base = (0..<count).map { _ in samples.nearOne(format, spread: 2) }
    let inputs = (0..<5).map { _ in (0..<count).map { _ in samples.nearOne(format, spread: 1) } }
    var run = KernelRun(gm_dare, format, to: format)
    run.threshold = 1 << 31
    run.key = (7, 9)
    // The upper word of the groups' numbers changes after some vectors, and within one.
    run.first = 8 * (1 << 32) - 141
    for divisor in [1.0, 2.5, 0.5] {
      run.divisor = divisor
      let expected = (0..<count).map { expectedElement($0, run, inputs, base) }
      for engine in Engine.available {
        for perLaunch in [16, 2] {
          run.inputsPerLaunch = perLaunch
          #expect(run(inputs, base: base, on: engine).elements == expected, "\(engine)")
        }
      }
    }
  }

  @Test("adds differences of numbers far from each other exactly", arguments: [Format.f16, .bf16])
  func spreads(format: Format) {
    var samples = Samples(seed: 510)
    var run = KernelRun(gm_dare, format, to: format)
    run.threshold = 1 << 30
    for distance in 6...18 {
      let base = (0..<64).map { i in samples.full(format, exponent: i % 2) }
      let inputs = (0..<4).map { model in
        (0..<64).map { _ in samples.full(format, exponent: model == 2 ? -distance : 0) }
      }
      for divisor in [4 * 0.1, 3, 2] {
        run.divisor = divisor
        let expected = (0..<64).map { expectedElement($0, run, inputs, base) }
        for engine in Engine.available {
          #expect(run(inputs, base: base, on: engine).elements == expected, "\(engine)")
        }
      }
    }
  }

  @Test(
    "rounds changes that are half-way between two elements by what the division left of them",
    arguments: [Format.bf16, .f16])
  func halfWay(format: Format) {
    var samples = Samples(seed: 520)
    var run = KernelRun(gm_dare, format, to: format)
    run.threshold = 1 << 30
    let count = 200
    // 1 / divisor has few bits, or few but for a rounding of binary64, or more.
    let short = [1, 0.5, 0.8, 4 * (1 - 0.9), 2 * (1 - 0.8), (1.0).nextUp, (0.625).nextDown]
    for divisor in short + [3, 4 * (1 - 0.7), (3.0).nextUp, 100, 0.01] {
      run.divisor = divisor
      let base = (0..<count).map { _ in samples.short(format) }
      var inputs = (0..<3).map { _ in (0..<count).map { _ in samples.short(format) } }
      // With the first input alone, and this divisor, little or nothing is left of some.
      for i in stride(from: 0, to: count, by: 3) {
        let start = format.value(base[i])
        inputs[0][i] = format.rounding(start - start * Exact(divisor))
        for model in 1...2 where i % 2 == 0 { inputs[model][i] = base[i] }
      }
      for i in stride(from: 1, to: count, by: 17) { inputs[0][i] = i % 2 == 0 ? 0 : format.sign }
      let expected = (0..<count).map { expectedElement($0, run, inputs, base) }
      for engine in Engine.available {
        #expect(run(inputs, base: base, on: engine).elements == expected, "\(divisor), \(engine)")
      }
    }
  }

  @Test("decides by all 32 random bits", arguments: [Format.bf16, .f32, .f64])
  func ties(format: Format) {
    let count = 330
    let zeros = [UInt64](repeating: 0, count: count)
    let ones = zeros.map { _ in format.one }
    var run = KernelRun(gm_dare, format, to: format)
    run.key = (11, 12)
    for element in [0, 7, 63, 64, 100, 133, 329] {
      // This very element is the least that is kept, then the largest that is dropped.
      let bits = UInt64(randomBits(of: element, 1, run.key))
      for threshold in [bits, bits + 1] {
        run.threshold = threshold
        let expected = (0..<count).map { expectedElement($0, run, [zeros, ones], zeros) }
        #expect((expected[element] != 0) == (threshold == bits))
        for engine in Engine.available {
          #expect(run([zeros, ones], base: zeros, on: engine).elements == expected, "\(engine)")
        }
      }
    }
  }

  @Test("drops a fraction p, independently between models and keys")
  func statistics() {
    let count = 40_000
    for p in [0.1, 0.5, 0.9] {
      let masks = [(1, 0, 0), (1, 0, 1), (2, 5, 0), (2, 6, 1)].map {
        dropped(p, count, key: (UInt32($0.0), UInt32($0.1)), model: $0.2)
      }
      for mask in masks {
        expectCount(mask.count { $0 }, of: count, probability: p)
      }
      for (i, a) in masks.enumerated() {
        for b in masks[..<i] {
          expectCount(zip(a, b).count { $0 && $1 }, of: count, probability: p * p)
        }
        // Neighbours in one tensor, too.
        expectCount(zip(a, a.dropFirst()).count { $0 && $1 }, of: count - 1, probability: p * p)
      }
    }
  }

  @Test("keeps the expected value of a change", arguments: Engine.available)
  func expectation(engine: Engine) {
    let count = 40_000
    var run = KernelRun(gm_dare, .f32, to: .f32)
    run.threshold = UInt64(0.9 * 4_294_967_296)
    run.divisor = 0.1
    let ones = [UInt64](repeating: Format.f32.one, count: count)
    let result = run([ones], base: ones.map { _ in 0 }, on: engine).elements
    let kept = result.count { $0 != 0 }
    #expect(result.allSatisfy { $0 == 0 || Float(bitPattern: UInt32($0)) == 10 })
    expectCount(kept, of: count, probability: 0.1)
  }

  @Test("does not depend on where a tensor is cut into pieces", arguments: Engine.available)
  func cuts(engine: Engine) {
    var samples = Samples(seed: 600)
    for format in [Format.bf16, .f64] {
      let base = (0..<1100).map { _ in samples.nearOne(format) }
      let inputs = (0..<3).map { _ in (0..<1100).map { _ in samples.nearOne(format) } }
      var run = KernelRun(gm_dare, format, to: format)
      run.threshold = 1 << 31
      run.divisor = 1.5
      let whole = run(inputs, base: base)
      for cuts in [[1], [2, 3, 4], [5, 518, 1031], [0, 513], [7, 8, 600, 601, 1099]] {
        run.cuts = cuts
        #expect(run(inputs, base: base, on: engine) == whole, "\(format) \(cuts)")
      }
    }
  }

  @Test("with threshold 0 keeps all, with 2^32 drops all", arguments: Engine.available)
  func limits(engine: Engine) {
    for format in Format.all {
      var samples = Samples(seed: 700)
      let base = [format.negativeZero, 0] + (0..<200).map { _ in samples.finite(format) }
      let anything = base.map { _ in samples.any(format) }
      var run = KernelRun(gm_dare, format, to: format)
      run.divisor = 0.3
      run.threshold = 1 << 32
      // Not even NaN and infinity of what is dropped may matter, nor the sign of a zero.
      let none = run([anything, anything], base: base, on: engine)
      #expect(none == KernelResult(elements: base, nonfinite: false, inBounds: true), "\(format)")
      run.threshold = 0
      run.divisor = 2
      let same = base.map { _ in samples.nearOne(format, spread: 1) }
      let other = base.map { _ in samples.nearOne(format, spread: 1) }
      #expect(run([same, same], base: other, on: engine).elements == same, "\(format)")
    }
  }

  @Test("one threshold below 2^32 keeps only the largest number")
  func largestThreshold() {
    let mask = dropped(threshold: 0xffff_ffff, 40_000, key: (3, 3), model: 0)
    #expect(mask.count { !$0 } <= 1)
  }

  @Test("p = .999 on bf16 keeps one change in a thousand, at full size")
  func sparse() {
    let count = 200_000
    var run = KernelRun(gm_dare, .bf16, to: .bf16)
    run.threshold = UInt64(0.999 * 4_294_967_296)
    run.divisor = 0.001
    let result = run(
      [[UInt64](repeating: 0x3a83, count: count)], base: [UInt64](repeating: 0, count: count))
    expectCount(result.elements.count { $0 != 0 }, of: count, probability: 0.001)
    // 0.00099945068359375 / 0.001, rounded to bf16.
    #expect(Set(result.elements).subtracting([0]) == [0x3f80])
  }

  @Test("base, inputs and output can be of different types")
  func mixedTypes() {
    var samples = Samples(seed: 800)
    for base in Format.all {
      for output in Format.all {
        var run = KernelRun(gm_dare, .bf16, base: base, to: output)
        run.threshold = 1 << 30
        run.divisor = 2.25
        let bases = (0..<60).map { _ in samples.nearOne(base, spread: 1) }
        let inputs = (0..<3).map { _ in bases.map { _ in samples.nearOne(.bf16, spread: 0) } }
        let expected = (0..<60).map { expectedElement($0, run, inputs, bases) }
        for engine in Engine.available {
          let result = run(inputs, base: bases, on: engine)
          #expect(result.elements == expected, "\(base) to \(output) on \(engine)")
        }
      }
    }
  }

  // MARK: The oracle

  private func expectedElement(
    _ index: Int, _ run: KernelRun, _ inputs: [[UInt64]], _ base: [UInt64]
  ) -> UInt64 {
    let start = run.base.value(base[index])
    var sum = Exact(0)
    for (model, elements) in inputs.enumerated() {
      guard !isDropped(run.first + index, model, run) else { continue }
      let change = run.input.value(elements[index]) - start
      sum = run.wide ? sum + change : (sum + change.inBinary64).inBinary64
    }
    let quotient = sum / Exact(run.divisor)
    return run.output.rounding(start + (run.wide ? quotient : quotient.inBinary64))
  }

  private func isDropped(_ element: Int, _ model: Int, _ run: KernelRun) -> Bool {
    UInt64(randomBits(of: element, model, run.key)) < run.threshold
  }

  /// The upper half of the bits from one call of Philox, the lower one from another.
  private func randomBits(of element: Int, _ model: Int, _ key: (UInt32, UInt32)) -> UInt32 {
    let group = UInt64(element / 8)
    let halves = [UInt32(0), 1].map { part in
      let counter = [UInt32(truncatingIfNeeded: group), UInt32(group >> 32), UInt32(model), part]
      return philox(counter, key).flatMap { [$0 % 65_536, $0 / 65_536] }[element % 8]
    }
    return halves[0] * 65_536 + halves[1]
  }

  private func dropped(
    _ p: Double, _ count: Int, key: (UInt32, UInt32), model: Int
  ) -> [Bool] {
    dropped(threshold: UInt64(p * 4_294_967_296), count, key: key, model: model)
  }

  /// The mask that the kernels apply to the model at a position.
  private func dropped(
    threshold: UInt64, _ count: Int, key: (UInt32, UInt32), model: Int
  ) -> [Bool] {
    var run = KernelRun(gm_dare, .bf16, to: .bf16)
    run.threshold = threshold
    run.key = key
    let zeros = [UInt64](repeating: 0, count: count)
    let ones = zeros.map { _ in Format.bf16.one }
    let inputs = (0...model).map { $0 == model ? ones : zeros }
    return run(inputs, base: zeros, on: Engine.available[0]).elements.map { $0 == 0 }
  }

  /// Expects a number of successes within five standard deviations.
  private func expectCount(
    _ found: Int, of count: Int, probability p: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let deviation = (Double(count) * p * (1 - p)).squareRoot()
    let distance = abs(Double(found) - Double(count) * p)
    #expect(distance < 5 * deviation, "\(found) of \(count)", sourceLocation: sourceLocation)
  }
}
