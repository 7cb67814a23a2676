import GPUMerge
import Glibc
import SystemPackage

/// Reads checkpoints as a merge would, one after the other, and tells what came of each: the kind of
/// error or `accepted`, the milliseconds of the processor, and the most memory that the process had so far, in KiB.
///
/// A process of its own, because in that of the tests many run at a time.
@main
enum HostileReader {
  static func main() {
    for path in CommandLine.arguments.dropFirst() {
      let start = clock()
      let result = result(of: FilePath(path))
      let milliseconds = (clock() - start) / (CLOCKS_PER_SEC / 1000)
      print(result, milliseconds, peakMemory)
    }
  }

  private static func result(of path: FilePath) -> String {
    do throws(GPUMergeError) {
      let checkpoint = try Checkpoint.open(path)
      for tensor in checkpoint.tensors {
        var bytes = [UInt8](repeating: 0, count: min(tensor.byteCount, 1 << 16))
        let error: GPUMergeError? = bytes.withUnsafeMutableBytes { bytes in
          do throws(GPUMergeError) {
            try tensor.read(bytes: 0..<bytes.count, into: bytes)
            return nil
          } catch {
            return error
          }
        }
        if let error { throw error }
      }
      try checkpoint.verify()
      return "accepted"
    } catch {
      return error.kind.rawValue
    }
  }

  /// Not `getrusage`, which counts the process that started this one, too.
  private static var peakMemory: Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, CInt(line.count), file) != nil {
      guard strncmp(line, "VmHWM:", 6) == 0 else { continue }
      return line.withUnsafeBufferPointer { $0.baseAddress.map { atol($0 + 6) } ?? 0 }
    }
    return 0
  }
}
