import GPUMerge
import Glibc

/// libFuzzer, which calls the target with one input after the other.
enum Driver {
  /// Runs libFuzzer with the arguments but the first `skippedCount`; returns its exit status.
  static func run(skipping skippedCount: Int) -> CInt {
    var count = CommandLine.argc - CInt(skippedCount)
    var arguments: Arguments? = CommandLine.unsafeArgv + skippedCount
    arguments?[0] = CommandLine.unsafeArgv[0]  // How libFuzzer starts itself again.
    return LLVMFuzzerRunDriver(&count, &arguments) { start, count in
      FuzzTarget.run(UnsafeBufferPointer(start: start, count: count))
    }
  }
}

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func LLVMFuzzerRunDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
