import Kernels
import Testing

@Suite("Conversion of elements")
struct ConversionTests {
  @Test("every number of 8 or 16 bits comes back unchanged", arguments: Engine.available)
  func roundTrips(engine: Engine) {
    for format in Format.short {
      let all = (0..<1 << format.bitWidth).map { UInt64($0) }
      let expected = all.map { format.isNaN($0) ? format.quietNaN : $0 }
      for wide in [false, true] {
        var run = KernelRun(format, to: format)
        run.wide = wide
        #expect(run([all], on: engine).elements == expected, "\(format), wide \(wide)")
      }
    }
  }

  @Test("every number of 8 or 16 bits becomes the f32 and f64 number of the same value")
  func widens() {
    for format in Format.short {
      let all = (0..<1 << format.bitWidth).map { UInt64($0) }
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
    let field = Int((bits & format.exponentMask) >> UInt64(format.fractionBits))
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

  /// What PyTorch 2.13 converts binary32 numbers to.
  static let byteCasts: [(Float, [UInt8])] = [
    // e4m3fn, e5m2, e4m3fnuz, e5m2fnuz
    (0, [0x00, 0x00, 0x00, 0x00]), (-0.0, [0x80, 0x80, 0x00, 0x00]),
    (1, [0x38, 0x3c, 0x40, 0x40]), (-1.3, [0xba, 0xbd, 0xc2, 0xc1]),
    (0x1p-10, [0x00, 0x14, 0x01, 0x18]), (0x1.000002p-10, [0x01, 0x14, 0x01, 0x18]),
    (-0x1p-17, [0x80, 0x80, 0x00, 0x81]), (-0x1p-18, [0x80, 0x80, 0x00, 0x00]),
    (240, [0x77, 0x5c, 0x7f, 0x60]), (247.9, [0x77, 0x5c, 0x7f, 0x60]),
    (248, [0x78, 0x5c, 0x80, 0x60]), (448, [0x7e, 0x5f, 0x80, 0x63]),
    (465, [0x7e, 0x5f, 0x80, 0x63]), (-480, [0xfe, 0xe0, 0x80, 0xe4]),
    (57344, [0x7e, 0x7b, 0x80, 0x7f]), (61439, [0x7e, 0x7b, 0x80, 0x7f]),
    (-61440, [0xfe, 0xfc, 0x80, 0x80]), (.infinity, [0x7e, 0x7c, 0x80, 0x80]),
    (-.infinity, [0xfe, 0xfc, 0x80, 0x80]), (.nan, [0x7f, 0x7f, 0x80, 0x80]),
  ]

  @Test("f32 numbers become the numbers of 8 bits that PyTorch makes of them")
  func pyTorchCasts() {
    let numbers = Self.byteCasts.map { UInt64($0.0.bitPattern) }
    for (column, format) in Format.bytes.enumerated() {
      let expected = Self.byteCasts.map { UInt64($0.1[column]) }
      for engine in Engine.available {
        let result = KernelRun(.f32, to: format)([numbers], on: engine)
        #expect(result.elements == expected, "\(format) on \(engine)")
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
    let magnitude =
      input.isFinite(bits) ? output.rounding(input.value(bits & ~input.sign)) : output.overflow
    return output.signed(magnitude, isNegative: bits & input.sign != 0)
  }
}
