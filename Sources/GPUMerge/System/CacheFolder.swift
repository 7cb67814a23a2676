import Glibc
import SystemPackage

/// A folder of files that save time and nothing else: one with anything wrong is as good as missing.
///
/// So nothing here throws. What is read belongs to this user, or to root, and nobody else can have
/// written it; whether it is what once was written, the reader has to find out.
struct CacheFolder: Sendable {
  let path: FilePath

  /// The whole of a file, nil if it is larger than `limit`.
  func read(_ name: String, limit: Int) -> [UInt8]? {
    guard let folder = open(),
      let file = try? OwnedDescriptor(
        opening: FilePath(name), in: folder.number, options: O_NOFOLLOW),
      let status = Self.trusted(file.number, S_IFREG), 0...limit ~= Int(status.st_size)
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes { bytes in
        let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
        return pread(file.number, rest.baseAddress, rest.count, off_t(done))
      }
      guard count > 0 else { return nil }
      done += count
    }
    return bytes
  }

  /// Writes a file at once: whoever reads finds the old one or the new one.
  ///
  /// Creates the folder if it is not there. Nothing is made durable: after a power failure a file may
  /// hold anything.
  func write(_ bytes: [UInt8], as name: String) {
    Self.create(path)
    guard let folder = open() else { return }
    let temporary = "\(name).\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let file = openat(folder.number, temporary, flags, 0o600)
    guard file >= 0 else { return }
    let isWritten = Glibc.write(file, bytes, bytes.count) == bytes.count
    close(file)
    guard isWritten, renameat(folder.number, temporary, folder.number, name) == 0 else {
      unlinkat(folder.number, temporary, 0)
      return
    }
  }

  /// Removes a file; false if it was not there, or cannot be removed.
  func remove(_ name: String) -> Bool {
    guard let folder = open() else { return false }
    return unlinkat(folder.number, name, 0) == 0
  }

  /// Removes those files that were written first until the rest has no more than so many bytes.
  ///
  /// Only files for whose names `isOurs` is true are counted and removed.
  func shrink(to byteCount: Int, _ isOurs: (String) -> Bool) {
    guard let folder = open() else { return }
    var files: [(name: String, status: stat)] = []
    for name in Folder(path).entries() where isOurs(name) {
      var status = stat()
      guard fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      files.append((name, status))
    }
    files.sort { one, other in
      (one.status.st_mtim.tv_sec, one.status.st_mtim.tv_nsec)
        > (other.status.st_mtim.tv_sec, other.status.st_mtim.tv_nsec)
    }
    var total = 0
    for file in files {
      total += Int(file.status.st_size)
      if total > byteCount { unlinkat(folder.number, file.name, 0) }
    }
  }

  /// Opens the folder, nil if it is not there, or if others could change what is in it.
  private func open() -> OwnedDescriptor? {
    guard let folder = try? OwnedDescriptor(opening: path, options: O_DIRECTORY),
      Self.trusted(folder.number, S_IFDIR) != nil
    else { return nil }
    return folder
  }

  /// The status of what is open, nil if it is of another kind, or if another user may have written it.
  private static func trusted(_ descriptor: CInt, _ kind: mode_t) -> stat? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == kind,
      status.st_uid == geteuid() || status.st_uid == 0,
      status.st_mode & (S_IWGRP | S_IWOTH) == 0
    else { return nil }
    return status
  }

  /// Creates a folder for this user alone, and those that it is in.
  private static func create(_ path: FilePath) {
    let isMissing = path.withPlatformString { mkdir($0, 0o700) } != 0 && errno == ENOENT
    let parent = path.removingLastComponent()
    guard isMissing, !parent.isEmpty, parent != path else { return }
    create(parent)
    _ = path.withPlatformString { mkdir($0, 0o700) }
  }
}
