import Glibc
import SystemPackage

/// What a file is and when it was last written, to tell whether it is still the same.
struct FileStatus: Equatable, Sendable {
  let identity: InputFile.Identity
  let byteCount: Int
  let kind: Kind
  private let seconds: Int
  private let nanoseconds: Int

  /// When the file was last written, in seconds and nanoseconds.
  var modificationTime: String { "\(seconds).\(nanoseconds)" }

  enum Kind: Sendable {
    case regular
    case folder
    case other
  }

  /// The status of an open file. (`fstat`)
  init(of descriptor: CInt) throws(Errno) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Errno(rawValue: errno) }
    self.init(status)
  }

  /// The status of what is at a path, nil if nothing is. (`stat`)
  init?(at path: FilePath) {
    guard let status = Folder.status(path) else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    identity = InputFile.Identity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    byteCount = Int(status.st_size)
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      default: .other
      }
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}
