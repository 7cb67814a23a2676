import Kernels

/// A merge of a few elements, computed on a device and on the CPU, to find a driver that
/// miscompiles a kernel before it computes anything that matters.
struct KernelCheck {
  let family: gm_family
  let element: gm_element
  /// Whether to use the accumulator, which takes two launches.
  let isSplit: Bool

  /// All that `gpumerge devices --check` tries.
  static let all: [KernelCheck] = [gm_linear, gm_dare].flatMap { family in
    DType.averaged.compactMap(\.kernelElement).flatMap { element in
      [false, true].map { KernelCheck(family: family, element: element, isSplit: $0) }
    }
  }

  private static let inputs = 2
  // No multiple of four, nor is the index of the first element in its tensor.
  private static let elements = 67
  private static let first = 3

  private var elementByteCount: Int {
    switch element {
    case gm_f64: 8
    case gm_f32: 4
    case gm_f16, gm_bf16: 2
    default: 1
    }
  }
  private var laneByteCount: Int { Self.elements * elementByteCount }
  private var accumulatorByteCount: Int { Self.elements * 16 }

  private var layout: SlotLayout {
    SlotLayout(
      inputByteCount: (Self.inputs + 1) * laneByteCount,
      accumulatorByteCount: isSplit ? accumulatorByteCount : 0, outputByteCount: laneByteCount,
      flagCount: 1)
  }

  /// Bytes without a pattern, so that NaN, infinity and subnormal numbers are among the elements.
  private var staged: [UInt8] {
    (0..<UInt32(layout.inputByteCount)).map { UInt8((($0 &+ 1) &* 2_654_435_761) >> 24) }
  }

  private var launches: [Launch] {
    let ends = isSplit ? [(true, false), (false, true)] : [(true, true)]
    return ends.map { first, last in
      Launch(
        kernel: gm_kernel(
          family: family, input: element, base: element, output: element,
          division: gm_divide_full, wide: element == gm_f64, first: first, last: last,
          inputs: UInt32(Self.inputs)),
        piece: piece, parameters: parameters)
    }
  }

  private var piece: gm_piece {
    var piece = gm_piece()
    piece.count = UInt64(Self.elements)
    piece.first = UInt64(Self.first)
    piece.input.1 = UInt64(laneByteCount)
    piece.base = UInt64(Self.inputs * laneByteCount)
    piece.inputs = UInt32(Self.inputs)
    return piece
  }

  private var parameters: MethodParameters {
    let divisor = 3.0.bitPattern
    if family == gm_dare {
      return .dare(
        gm_dare_parameters(
          divisor: divisor, divisor_rest: 0, reciprocal: 0, threshold: 1 << 31, key: (1, 2),
          model: 0, reserved: 0))
    }
    var linear = gm_linear_parameters()
    linear.weight.0 = 0.3.bitPattern
    linear.weight.1 = 0.7.bitPattern
    linear.divisor = divisor
    return .linear(linear)
  }

  /// Throws unless the device computes what the CPU computes.
  func run(on backend: OpenCLBackend) throws(DeviceError) {
    let slot = try backend.makeSlot(layout)
    // What an earlier check left in the memory must not pass for a result.
    try slot.finish(outputByteCount: 0).bytes.initializeMemory(as: UInt8.self, repeating: 0xA5)
    try slot.beginInput().copyBytes(from: staged)
    try slot.run(launches, stagedByteCount: layout.inputByteCount, uploads: [])
    let result = try slot.finish(outputByteCount: laneByteCount)
    let (expected, isFlagged) = expected(softFloat64: backend.library.target.soft_fp64)
    guard result.bytes.elementsEqual(expected), result.flags == (isFlagged ? [0] : []) else {
      throw DeviceError(
        device: backend.name, function: String(cString: gm_kernel_name(family)), status: 0,
        detail: "the device computes something else than the CPU (element type \(element.rawValue))"
      )
    }
  }

  private func expected(softFloat64: Bool) -> ([UInt8], Bool) {
    var accumulator = [UInt8](repeating: 0, count: accumulatorByteCount)
    var output = [UInt8](repeating: 0, count: laneByteCount)
    let isFlagged = staged.withUnsafeBytes { input in
      accumulator.withUnsafeMutableBytes { accumulator in
        output.withUnsafeMutableBytes { output in
          var operands = gm_operands()
          operands.input.0 = input.baseAddress
          operands.input.1 = input.baseAddress?.advanced(by: laneByteCount)
          operands.base = input.baseAddress?.advanced(by: Self.inputs * laneByteCount)
          operands.accumulator = accumulator.baseAddress
          operands.output = output.baseAddress
          return merge(operands, softFloat64: softFloat64)
        }
      }
    }
    return (output, isFlagged)
  }

  /// Runs all launches on the CPU.
  private func merge(_ operands: gm_operands, softFloat64: Bool) -> Bool {
    var operands = operands
    var piece = piece
    return launches.reduce(false) { isFlagged, launch in
      launch.parameters.withBytes { parameters in
        let flag =
          softFloat64
          ? gm_cpu_merge_soft_fp64(launch.kernel, &piece, &operands, parameters.baseAddress)
          : gm_cpu_merge(
            gm_isa_baseline, launch.kernel, &piece, &operands, parameters.baseAddress)
        return flag || isFlagged
      }
    }
  }
}
