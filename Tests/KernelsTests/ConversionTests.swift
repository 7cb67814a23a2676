import Kernels
import Testing

@Suite("Conversion of elements")
struct ConversionTests {
  @Test("every f16 and bf16 number comes back unchanged", arguments: Engine.available)
  func roundTrips(engine: Engine) {
    for format in [Format.f16, .bf16] {
      let all = (0..<1 << 16).map { UInt64($0) }
      let expected = all.map { format.isNaN($0) ? format.quietNaN : $0 }
      for wide in [false, true] {
        var run = KernelRun(format, to: format)
        run.wide = wide
        #expect(run([all], on: engine).elements == expected, "\(format), wide \(wide)")
      }
    }
  }

  @Test("every f16 and bf16 number becomes the f32 and f64 number of the same value")
  func widens() {
    for format in [Format.f16, .bf16] {
      let all = (0..<1 << 16).map { UInt64($0) }
      let doubles = all.map { double($0, format) }
      let f64 = doubles.map { $0.isNaN ? Format.f64.quietNaN : $0.bitPattern }
      let f32 = doubles.map { $0.isNaN ? Format.f32.quietNaN : UInt64(Float($0).bitPattern) }
      for engine in Engine.available {
        #expect(KernelRun(format, to: .f64)([all], on: engine).elements == f64, "\(format)")
        #expect(KernelRun(format, to: .f32)([all], on: engine).elements == f32, "\(format)")
      }
    }
  }

  private func double(_ bits: UInt64, _ format: Format) -> Double {
    if format.isNaN(bits) { return .nan }
    let sign: FloatingPointSign = bits & format.sign == 0 ? .plus : .minus
    let field = Int((bits & format.infinity) >> UInt64(format.fractionBits))
    let fraction = Double(bits & (format.leastNormal - 1)) / Double(format.leastNormal)
    if !format.isFinite(bits) { return sign == .plus ? .infinity : -.infinity }
    let exponent = max(field, 1) - format.bias
    return Double(sign: sign, exponent: exponent, significand: fraction + (field == 0 ? 0 : 1))
  }

  @Test("f32 and f64 numbers are rounded once", arguments: [Format.f32, .f64])
  func narrows(input: Format) {
    var samples = Samples(seed: 3)
    for output in Format.all where output.bitWidth <= input.bitWidth {
      let numbers = (0..<800).map { _ in samples.any(input) } + halfway(output, in: input)
      let expected = numbers.map { converted($0, input, output) }
      for engine in Engine.available {
        let result = KernelRun(input, to: output)([numbers], on: engine)
        #expect(result.elements == expected, "\(output) on \(engine)")
      }
    }
  }

  /// The numbers next to and halfway between numbers of a narrower format.
  private func halfway(_ narrow: Format, in format: Format) -> [UInt64] {
    var samples = Samples(seed: 4)
    let edges = [0, 1, 2, 3, narrow.leastNormal - 1, narrow.leastNormal, narrow.largest - 1]
    let random = (0..<100).map { _ in samples.next() % narrow.largest }
    let middles = (edges + random).map { bits -> UInt64 in
      let sum = narrow.value(bits) + narrow.value(bits + 1)
      return format.rounding(sum * Exact(0.5))
    }
    // Halfway between the largest number and what would come after it.
    let largest = narrow.value(narrow.largest)
    let step = largest - narrow.value(narrow.largest - 1)
    let limit = format.rounding(largest + step * Exact(0.5))
    return (middles + [limit]).flatMap { bits in
      [bits, bits == 0 ? 0 : bits - 1, bits + 1].flatMap { [$0, $0 | format.sign] }
    }
  }

  private func converted(_ bits: UInt64, _ input: Format, _ output: Format) -> UInt64 {
    if input.isNaN(bits) { return output.quietNaN }
    let sign = bits & input.sign == 0 ? 0 : output.sign
    if !input.isFinite(bits) { return sign | output.infinity }
    return sign | output.rounding(input.value(bits & ~input.sign))
  }
}
