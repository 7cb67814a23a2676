import Kernels
import Testing

@Suite("Engines")
struct EngineTests {
  static let lengths = [0, 1, 2, 3, 4, 5, 63, 64, 65, 255, 257, 1009]

  @Test("all give the same bits at every length and offset", arguments: lengths)
  func equality(length: Int) {
    var samples = Samples(seed: UInt64(length))
    for family in [gm_linear, gm_dare] {
      for input in Format.all {
        for first in 0...5 {
          let output = Format.all[samples.below(Format.all.count)]
          let base = Format.all[samples.below(Format.all.count)]
          var run = KernelRun(family, input, base: base, to: output)
          run.first = first
          run.divisor = [1, 4, 3, 0.3][samples.below(4)]
          run.weights = [1, 0.3, -2.5]
          run.threshold = 1 << 30
          run.inputsPerLaunch = [2, 16][samples.below(2)]
          let inputs = (0..<3).map { _ in (0..<length).map { _ in samples.any(input) } }
          let bases = (0..<length).map { _ in samples.any(base) }
          let expected = run(inputs, base: bases)
          #expect(expected.inBounds)
          #expect(expected.nonfinite == expected.elements.contains { !output.isFinite($0) })
          run.misalignment = 1 + first
          for engine in Engine.available {
            #expect(run(inputs, base: bases, on: engine) == expected, "\(engine) \(run)")
          }
        }
      }
    }
  }

  /// Narrow kernels on f64 elements do one operation of binary64 at a time, and show its result.
  @Test("integer arithmetic gives the bits of the hardware", arguments: 0..<4)
  func softBinary64(operation: Int) {
    var samples = Samples(seed: UInt64(900 + operation))
    for round in 0..<60 {
      let x = (0..<2000).map { _ in samples.any(.f64) }
      let y = (0..<2000).map { i in
        // Now and then close to each other, for cancellation.
        i % 4 == 0
          ? x[i] ^ .init(samples.below(8)) ^ (samples.next() & Format.f64.sign) : samples.any(.f64)
      }
      var run = KernelRun(operation == 0 ? gm_linear : gm_dare, .f64, to: .f64)
      run.wide = false
      let scalar = Double(bitPattern: y[round])
      switch operation {
      case 0: break  // x + y
      case 1: run.family = gm_linear; run.weights = [scalar, 0]  // x * scalar
      case 2: run.divisor = scalar; run.division = gm_divide_full  // 0 + (x - 0) / scalar
      default: run.threshold = 0  // y + (x - y)
      }
      let base = operation == 2 ? x.map { _ in 0 } : y
      let inputs = operation == 0 ? [x, y] : [x]
      #expect(run(inputs, base: base, on: .soft) == run(inputs, base: base), "round \(round)")
      let elements = run(inputs, base: base).elements
      if operation == 0 {
        #expect(
          elements == zip(x, y).map { canonical(Double(bitPattern: $0) + Double(bitPattern: $1)) })
      } else if operation == 1 {
        #expect(elements == x.map { canonical(scalar * Double(bitPattern: $0)) })
      }
    }
  }

  private func canonical(_ value: Double) -> UInt64 {
    value.isNaN ? Format.f64.quietNaN : value.bitPattern
  }
}
