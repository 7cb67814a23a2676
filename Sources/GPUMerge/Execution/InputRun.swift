package import Kernels

/// Consecutive models of one step that one launch reads: of one type, and few enough.
///
/// Where a model in between lacks the tensor, a new run begins: kernels count positions up.
package struct InputRun: Sendable {
  package var models: Range<Int>
  package var kernel: gm_kernel
}

extension Step {
  /// The launches that a merge takes, in order.
  ///
  /// They hand a running accumulator to each other, which gives the same bits as one launch over
  /// all models would.
  package func runs(maximumInputCount: Int) -> [InputRun] {
    guard case .merge(let operation, let models, let base) = action,
      let output = output.dtype.kernelElement
    else { return [] }
    let baseElement = base?.dtype.kernelElement
    let isWide =
      output == gm_f64 || baseElement == gm_f64 || models.contains { $0.dtype == .float64 }
    var runs: [InputRun] = []
    var end = 0
    while end < models.count, let input = models[end].dtype.kernelElement {
      let start = end
      repeat {
        end += 1
      } while end < models.count && end - start < maximumInputCount
        && models[end].dtype == models[start].dtype
        && operation.position(of: end) == operation.position(of: end - 1) + 1
      let isLast = end == models.count
      // A launch that ends with the accumulator has no use for the output's type and the divisor:
      // the same ones everywhere spare compiling a kernel for each.
      runs.append(
        InputRun(
          models: start..<end,
          kernel: gm_kernel(
            family: operation.kernelFamily, input: input, base: baseElement ?? input,
            output: isLast ? output : input,
            division: isLast ? operation.divisor.division(isWide: isWide) : gm_divide_none,
            wide: isWide, first: start == 0, last: isLast, inputs: UInt32(end - start))))
    }
    return runs
  }
}

extension DType {
  /// The type as kernels know it, for types that are averaged.
  package var kernelElement: gm_element? {
    switch self {
    case .float16: gm_f16
    case .bfloat16: gm_bf16
    case .float32: gm_f32
    case .float64: gm_f64
    case .float8E4M3: gm_f8_e4m3fn
    case .float8E5M2: gm_f8_e5m2
    case .float8E4M3FNUZ: gm_f8_e4m3fnuz
    case .float8E5M2FNUZ: gm_f8_e5m2fnuz
    default: nil
    }
  }

  /// The bytes of one element, for types of whole bytes.
  package var byteWidth: Int { bitWidth / 8 }
}
