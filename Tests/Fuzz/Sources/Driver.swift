import GPUMerge
import Glibc

/// libFuzzer, which calls the target with one input after the other.
enum Driver {
  /// Runs libFuzzer with the arguments after the target's name; returns its exit status.
  static func run(_ name: String) -> CInt {
    // libFuzzer starts itself again by the first argument, so the target's name has to stay one of
    // them; it takes names of files and options that begin with a minus only.
    var count = CommandLine.argc - 1
    var arguments: Arguments? = CommandLine.unsafeArgv + 1
    CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
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
