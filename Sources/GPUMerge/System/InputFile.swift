import Glibc
package import SystemPackage

/// A regular file opened for reading; closed when the last reference goes.
///
/// Reads are `pread`, never a mapping: a mapped file that is truncated by somebody else kills the
/// process with SIGBUS, a read only fails.
package final class InputFile: ByteSource, Sendable {
  package let path: FilePath
  package let byteCount: Int
  /// Device and inode: two paths with equal identity are one file.
  package let identity: Identity
  private let descriptor: CInt
  private let modified: Timestamp

  /// When the file was last written, in seconds and nanoseconds.
  package var modificationTime: String { "\(modified.seconds).\(modified.nanoseconds)" }

  package struct Identity: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
  }

  private struct Timestamp: Equatable {
    var seconds: Int
    var nanoseconds: Int
  }

  /// Opens a file.
  ///
  /// Directories, pipes and devices are refused, and a pipe does not block.
  package init(opening path: FilePath) throws(GPUMergeError) {
    let descriptor = path.withPlatformString { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else {
      let errno = Errno(rawValue: Glibc.errno)
      let missing = errno == .noSuchFileOrDirectory || errno == .notDirectory
      throw GPUMergeError(
        missing ? .inputMissing : .io,
        missing ? "there is no such file" : "cannot open the file: \(errno)", file: path)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let errno = Errno(rawValue: Glibc.errno)
      close(descriptor)
      throw GPUMergeError(.io, "cannot read the file's status: \(errno)", file: path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw GPUMergeError(
        .unsupportedFormat,
        isFolder ? "this is a folder, not a checkpoint file" : "this is not a regular file",
        file: path, advice: isFolder ? "Name the checkpoint file inside it" : nil)
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
    identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    modified = Timestamp(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
  }

  deinit { close(descriptor) }

  package func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(GPUMergeError) {
    guard let base = destination.baseAddress else { return }
    var done = 0
    while done < destination.count {
      let count = pread(descriptor, base + done, destination.count - done, offset + done)
      if count > 0 {
        done += count
      } else if count == 0 {
        throw GPUMergeError(
          .inputChanged, "the file became shorter while it was read", file: path,
          offset: offset + done)
      } else if errno != EINTR {
        throw GPUMergeError(
          .io, "cannot read the file: \(Errno(rawValue: errno))", file: path, offset: offset + done)
      }
    }
  }

  /// Throws if the file's size or modification time is no longer what it was when it was opened.
  package func checkUnchanged() throws(GPUMergeError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw GPUMergeError(
        .io, "cannot read the file's status: \(Errno(rawValue: errno))", file: path)
    }
    let now = Timestamp(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    guard Int(status.st_size) == byteCount, now == modified else {
      throw GPUMergeError(
        .inputChanged, "the file changed while it was read", file: path,
        advice: "Wait until whatever writes it has finished, then merge again")
    }
  }
}
