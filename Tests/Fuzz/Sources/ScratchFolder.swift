import Glibc
import SystemPackage

/// A folder for the targets that need names on a disk, one for each process; run.sh removes it.
struct ScratchFolder: Sendable {
  let path: FilePath

  /// Where all temporary files are.
  static let root = FilePath(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")

  init(_ name: String) {
    path = Self.root.appending("\(name)-\(getpid())")
    create(path)
  }

  func create(_ path: FilePath) {
    let status = path.withPlatformString { mkdir($0, 0o700) }
    require(status == 0 || errno == EEXIST, "the folder \(path) cannot be made")
  }

  /// Writes a file in place of what is there.
  func write(_ bytes: some Collection<UInt8>, to name: FilePath) {
    let path = path.pushing(name)
    let descriptor = path.withPlatformString { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o600) }
    require(descriptor >= 0, "\(path) cannot be written")
    defer { close(descriptor) }
    let bytes = Array(bytes)
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    require(count == bytes.count, "\(path) cannot be written")
  }

  func remove(_ name: FilePath) { _ = path.pushing(name).withPlatformString { unlink($0) } }
}
