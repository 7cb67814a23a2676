import Kernels

/// What a kernel is specialised by, to look it up by.
struct KernelKey: Hashable {
  private let fields: [UInt32]

  init(_ kernel: gm_kernel) {
    fields = [
      kernel.family.rawValue, kernel.input.rawValue, kernel.base.rawValue, kernel.output.rawValue,
      kernel.division.rawValue, kernel.inputs,
      (kernel.wide ? 1 : 0) | (kernel.first ? 2 : 0) | (kernel.last ? 4 : 0),
    ]
  }
}
