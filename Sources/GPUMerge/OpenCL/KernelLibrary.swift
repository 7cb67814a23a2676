import Kernels
import Synchronization

/// The programs of one context, each compiled when it is first needed.
final class KernelLibrary: Sendable {
  let context: Context
  let target: gm_target
  /// What was compiled by earlier processes; nil where nothing is kept.
  let binaries: KernelBinaries?
  private let programs = Mutex<[KernelKey: Program]>([:])

  init(_ context: Context, target: gm_target, binaries: KernelBinaries?) {
    self.context = context
    self.target = target
    self.binaries = binaries
  }

  /// The program of a kernel, compiled at the first call.
  ///
  /// One thread at a time compiles; the others wait, most likely for the same program.
  func program(for kernel: gm_kernel) throws(DeviceError) -> Program {
    try programs.withLock { programs throws(DeviceError) in
      let key = KernelKey(kernel)
      if let program = programs[key] { return program }
      let source = KernelSource(kernel, target: target)
      let program =
        if let binaries {
          try binaries.program(of: source, context)
        } else {
          try Program(context, source)
        }
      programs[key] = program
      return program
    }
  }
}
