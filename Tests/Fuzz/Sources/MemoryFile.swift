@testable import GPUMerge
import Glibc
import SystemPackage

/// A file without a name, in memory if `TMPDIR` is, to be opened by a path like any other.
final class MemoryFile: Sendable {
  private let descriptor: CInt

  var path: FilePath { FilePath("/proc/self/fd/\(descriptor)") }

  /// Makes a file of these parts at their offsets; what lies between them is zeros.
  init(_ parts: [OutputLayout.Literal], byteCount: Int) {
    let template = ScratchFolder.root.appending("gpumerge-fuzz-XXXXXX")
    var name = Array(template.string.utf8CString)
    descriptor = mkstemp(&name)
    require(descriptor >= 0 && ftruncate(descriptor, byteCount) == 0, "no file can be made")
    unlink(name)
    for part in parts {
      let count = part.bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress, $0.count, part.offset)
      }
      require(count == part.bytes.count, "a file cannot be written")
    }
  }

  convenience init(_ bytes: [UInt8]) {
    self.init([.init(offset: 0, bytes: bytes)], byteCount: bytes.count)
  }

  deinit { close(descriptor) }

  func open() throws(GPUMergeError) -> InputFile { try InputFile(opening: path) }
}
