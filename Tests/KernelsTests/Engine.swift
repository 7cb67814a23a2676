import Kernels

/// What runs a launch: one instruction set, or the OpenCL C text with binary64 in integers.
enum Engine: Sendable, CustomStringConvertible {
  case cpu(gm_isa)
  case soft

  /// All that this machine has; the first is the one every machine has.
  static let available: [Engine] =
    [gm_isa_baseline, gm_isa_avx2, gm_isa_avx512].filter { gm_isa_available($0) }.map(Engine.cpu)
    + [.soft]

  static let baseline = Engine.cpu(gm_isa_baseline)

  var description: String {
    switch self {
    case .cpu(let isa): String(cString: gm_isa_name(isa))
    case .soft: "soft"
    }
  }

  func merge(
    _ kernel: gm_kernel, _ piece: gm_piece, _ operands: gm_operands,
    _ parameters: UnsafeRawPointer
  ) -> Bool {
    var (piece, operands) = (piece, operands)
    switch self {
    case .cpu(let isa): return gm_cpu_merge(isa, kernel, &piece, &operands, parameters)
    case .soft: return gm_cpu_merge_soft_fp64(kernel, &piece, &operands, parameters)
    }
  }
}
