import Glibc
import SystemPackage

/// The folder of a benchmark's files, which is gone with them when the benchmark ends.
final class BenchmarkFolder: Sendable {
  let path: FilePath

  /// Makes a folder in another, if that has room for so many bytes.
  init(in parent: FilePath, byteCount: Int) throws(GPUMergeError) {
    let parent = Folder(parent)
    path = parent.path.appending("gpumerge-bench-\(getpid())")
    guard path.withPlatformString({ mkdir($0, 0o700) }) == 0 else {
      throw Self.error(
        "cannot create a folder for the benchmark: \(Errno(rawValue: errno))", parent.path,
        advice: "Choose another folder with --folder")
    }
    if let free = parent.freeByteCount, free < byteCount {
      // The folder goes, as it is made.
      throw Self.error(
        "there is no room for the benchmark: it takes \(byteCount) bytes, and \(free) are free",
        parent.path)
    }
  }

  deinit { remove() }

  /// Removes the folder with all that is in it.
  func remove() { Self.remove(path) }

  private static func error(
    _ problem: String, _ path: FilePath, advice: String = adviceOnPlace
  ) -> GPUMergeError {
    GPUMergeError(.cannotCreate, problem, file: path, advice: advice)
  }

  static let adviceOnPlace =
    "Choose another folder with --folder, or make the benchmark smaller with --size"

  private static func remove(_ path: FilePath) {
    // A link is removed, whatever it points to; a folder is not.
    if path.withPlatformString({ unlink($0) }) == 0 { return }
    for name in Folder(path).entries() { remove(path.appending(name)) }
    _ = path.withPlatformString { rmdir($0) }
  }
}
