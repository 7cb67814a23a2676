package import Glibc
package import SystemPackage

/// A folder and what is done to its entries.
package struct Folder: Sendable, Hashable {
  package var path: FilePath

  package init(_ path: FilePath) {
    self.path = path.isEmpty ? "." : path
  }

  /// The folder that an entry of this path is in.
  package static func of(_ path: FilePath) -> Folder { Folder(path.removingLastComponent()) }

  /// What is at a path, or nil if nothing is.
  package static func status(_ path: FilePath) -> stat? {
    var status = stat()
    return path.withPlatformString { stat($0, &status) } == 0 ? status : nil
  }

  package static func isFolder(_ path: FilePath) -> Bool {
    status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
  }

  package var identity: InputFile.Identity? {
    Self.status(path).map {
      InputFile.Identity(device: UInt64($0.st_dev), inode: UInt64($0.st_ino))
    }
  }

  package var isReadable: Bool { path.withPlatformString { access($0, R_OK) } == 0 }

  package var isWritable: Bool { path.withPlatformString { access($0, W_OK | X_OK) } == 0 }

  /// Creates the folder unless it is there.
  package func create() throws(GPUMergeError) {
    guard path.withPlatformString({ mkdir($0, 0o777) }) == 0 || errno == EEXIST else {
      throw .system("cannot create the folder", path)
    }
  }

  /// The names in the folder, sorted; empty if there is none.
  package func entries() -> [String] {
    guard let stream = path.withPlatformString({ opendir($0) }) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes creations, removals and renames in the folder durable.
  package func sync() throws(GPUMergeError) {
    let descriptor = path.withPlatformString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else {
      if errno == EACCES { return }  // A folder may be writable and not readable.
      throw .system("cannot open the folder", path)
    }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw .system("cannot write the folder", path)
    }
  }

  /// Removes files of these names, and then the folder if it is empty; says whether it is gone.
  @discardableResult
  package func remove(files names: [String]) -> Bool {
    for name in names { _ = path.appending(name).withPlatformString { unlink($0) } }
    return path.withPlatformString { rmdir($0) } == 0 || errno == ENOENT
  }

  /// The bytes that a user may still write here, or nil if the system does not say.
  package var freeByteCount: Int? {
    var status = statvfs()
    guard path.withPlatformString({ statvfs($0, &status) }) == 0 else { return nil }
    let (bytes, overflow) = status.f_bavail.multipliedReportingOverflow(by: UInt(status.f_frsize))
    return overflow ? .max : Int(clamping: bytes)
  }
}
