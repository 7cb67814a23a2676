import Kernels

/// What a program is compiled from.
struct KernelSource {
  /// The name of the kernel in it.
  let kernelName: String
  /// The texts, one after the other.
  let texts: [UnsafePointer<CChar>]
  /// The compiler's options.
  let options: String

  /// The source of a kernel's family, specialised for the kernel.
  init(_ kernel: gm_kernel, target: gm_target) {
    kernelName = String(cString: gm_kernel_name(kernel.family))
    texts = Self.texts(kernel.family)
    options = "-cl-std=CL1.2 " + Self.options(kernel, target: target)
  }

  private static func texts(_ family: gm_family) -> [UnsafePointer<CChar>] {
    var texts: [UnsafePointer<CChar>] = []
    var prelude = gm_kernel_prelude
    while let text = prelude?.pointee {
      texts.append(text)
      prelude = prelude?.successor()
    }
    return texts + [gm_kernel_source(family)].compactMap(\.self)
  }

  private static func options(_ kernel: gm_kernel, target: gm_target) -> String {
    let capacity = gm_kernel_options(kernel, target, nil, 0) + 1
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      _ = gm_kernel_options(kernel, target, start, capacity)
      return String(cString: start)
    }
  }
}
