import CLinux
import Glibc
import Synchronization
package import SystemPackage

/// A lock file that one process at a time holds.
///
/// The kernel releases it when the process ends, however it ends.
package final class FileLock: Sendable {
  private let path: FilePath
  private let descriptor: CInt
  private let isReleased = Atomic<Bool>(false)

  /// Takes the lock, or throws `outputBusy` with the holder's process number.
  package init(at path: FilePath) throws(GPUMergeError) {
    while true {
      let (descriptor, isNew) = try Self.open(path)
      guard Self.take(descriptor, isNew: isNew) else {
        let error = Errno(rawValue: errno)
        defer { close(descriptor) }
        guard error == .wouldBlock else {
          throw .system("cannot lock the file", path, error)
        }
        throw Self.busy(path, holder: Self.text(of: descriptor))
      }
      // Whoever held it may have removed the name in between: then this is no longer the lock.
      if Self.isSameFile(descriptor, path) {
        guard Self.isLock(descriptor) else {
          close(descriptor)
          throw GPUMergeError(
            .cannotCreate, "the output's lock file would be here, but this is something else",
            file: path, advice: "Move it elsewhere, or choose another name with -o")
        }
        self.path = path
        self.descriptor = descriptor
        write()
        return
      }
      close(descriptor)
    }
  }

  deinit { release() }

  /// Gives the lock back; for a process that may end before the last reference is gone.
  package func release() {
    guard !isReleased.exchange(true, ordering: .relaxed) else { return }
    _ = path.withPlatformString { unlink($0) }
    close(descriptor)
  }

  /// Creates the file, or opens it; says whether it was created here.
  private static func open(_ path: FilePath) throws(GPUMergeError) -> (CInt, isNew: Bool) {
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW
    while true {
      let created = path.withPlatformString { Glibc.open($0, flags | O_CREAT | O_EXCL, 0o666) }
      if created >= 0 { return (created, true) }
      guard errno == EEXIST else { throw .system("cannot create the lock file", path) }
      let found = path.withPlatformString { Glibc.open($0, flags) }
      if found >= 0 { return (found, false) }
      // It was there and is not any more: once again.
      guard errno == ENOENT else { throw .system("cannot open the lock file", path) }
    }
  }

  /// Some network file systems have no locks; there, who created the name holds it.
  private static func take(_ descriptor: CInt, isNew: Bool) -> Bool {
    while clinux_lock(descriptor) != 0 {
      switch errno {
      case EINTR: continue
      case ENOLCK, ENOSYS, EOPNOTSUPP: return isNew || setBusy()
      default: return false
      }
    }
    return true
  }

  private static func setBusy() -> Bool {
    errno = EWOULDBLOCK
    return false
  }

  private func write() {
    let text = Array("\(getpid())\n".utf8)
    _ = ftruncate(descriptor, 0)
    // For people only: without it, the lock is held all the same.
    _ = pwrite(descriptor, text, text.count, 0)
  }

  private static func text(of descriptor: CInt) -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let digits = bytes.prefix(max(0, count)).prefix { (0x30...0x39).contains($0) }
    return String(decoding: digits, as: UTF8.self)
  }

  private static func busy(_ path: FilePath, holder: String) -> GPUMergeError {
    let process = holder.isEmpty ? "another process" : "process \(holder)"
    return GPUMergeError(
      .outputBusy, "\(process) is writing this output", file: path,
      advice: "Wait until it has finished, or choose another name with -o; if there is no such "
        + "process any more, remove this file")
  }

  /// Whether a file is empty or holds a process number: anything else is somebody's, and not lost.
  private static func isLock(_ descriptor: CInt) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return status.st_size == 0 || status.st_size == text(of: descriptor).utf8.count + 1
  }

  private static func isSameFile(_ descriptor: CInt, _ path: FilePath) -> Bool {
    var mine = stat()
    var named = stat()
    return fstat(descriptor, &mine) == 0 && path.withPlatformString({ stat($0, &named) }) == 0
      && mine.st_ino == named.st_ino && mine.st_dev == named.st_dev
  }
}
