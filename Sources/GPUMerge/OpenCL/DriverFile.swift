import CLinux
import SystemPackage

/// A file that decides, with others, which drivers there are, as it was at some time.
struct DriverFile: Sendable {
  let path: String
  /// What tells it from any other, a word.
  let mark: String

  private init(_ path: String) {
    self.path = path
    mark = Self.mark(path)
  }

  init?(parsing text: String) {
    let words = text.split(separator: " ", maxSplits: 1)
    guard words.count == 2 else { return nil }
    mark = String(words[0])
    path = String(words[1])
  }

  var isUnchanged: Bool { mark == Self.mark(path) }

  /// Which file it is, how large, and when it was last written.
  static func mark(_ path: String) -> String {
    guard let status = FileStatus(at: FilePath(path)) else { return "missing" }
    let identity = status.identity
    return "\(identity.device):\(identity.inode):\(status.byteCount):\(status.modificationTime)"
  }

  /// All that have a part in the drivers of this process, once these are open.
  ///
  /// The files with data that a driver opens by itself are not among them.
  static var all: [DriverFile] {
    // With the folders, whose time changes when a file comes or goes.
    let folders = ["/etc/OpenCL/vendors"] + vendors
    let registered = folders.flatMap { folder in
      Folder(FilePath(folder)).entries().map { "\(folder)/\($0)" }
    }
    return (libraries + ["/etc/ld.so.cache"] + folders + registered).map { DriverFile($0) }
  }

  /// Where loaders are told to look: folders, files or lists of these.
  private static var vendors: [String] {
    ["OCL_ICD_VENDORS", "OCL_ICD_FILENAMES", "OPENCL_VENDOR_PATH"].flatMap { name in
      (Environment.value(of: name) ?? "").split(separator: ":").map(String.init)
    }
  }

  /// The libraries of this process.
  private static var libraries: [String] {
    var paths: [String] = []
    withUnsafeMutablePointer(to: &paths) { paths in
      clinux_each_library(
        { path, paths in
          guard let path else { return }
          paths?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: path))
        }, paths)
    }
    return paths
  }
}
