import CLinux
import Glibc
import Synchronization
package import SystemPackage

/// A file that appears under its name only when it is complete.
///
/// It is written under a temporary name in the same folder. `commit` makes it durable and renames
/// it; without `commit`, nothing is left of it.
package final class OutputFile: OutputSink {
  /// Where the file will be: the path asked for, or what it links to.
  package let path: FilePath
  private let temporaryPath: FilePath
  private let overwrites: Bool
  private let descriptor: CInt
  /// The same file without the page cache in between, or -1 where that cannot be had.
  private let directDescriptor: CInt
  /// Whether there is no temporary file any more: it got its name, or it was removed.
  private let isSettled = Atomic<Bool>(false)

  /// Checks that a file may be written at `path`, without changing anything, and returns the path
  /// with a symbolic link at its end followed.
  package static func check(
    _ path: FilePath, overwrite: Bool, inputs: [InputFile]
  ) throws(GPUMergeError) -> FilePath {
    let path = try resolvingLink(path)
    var status = stat()
    guard path.withPlatformString({ stat($0, &status) }) == 0 else {
      let folder = path.removingLastComponent()
      let writable = (folder.isEmpty ? "." : folder).withPlatformString { access($0, W_OK | X_OK) }
      guard writable == 0 else { throw failure("cannot write to the folder", path) }
      return path
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw GPUMergeError(
        .cannotCreate, "the output exists and is not a regular file", file: path,
        advice: "Name a file")
    }
    let identity = InputFile.Identity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    if let input = inputs.first(where: { $0.identity == identity }) {
      throw GPUMergeError(
        .outputExists, "the output is one of the inputs, \(input.path)", file: path,
        advice: "Choose another name with -o")
    }
    guard overwrite else {
      throw GPUMergeError(
        .outputExists, "the output exists", file: path,
        advice: "Choose another name with -o, or overwrite it with --force")
    }
    return path
  }

  /// Creates the temporary file with its full size, so that a full disk is noticed at once.
  package init(
    at path: FilePath, byteCount: Int, overwrite: Bool, inputs: [InputFile] = []
  ) throws(GPUMergeError) {
    let path = try Self.check(path, overwrite: overwrite, inputs: inputs)
    self.path = path
    overwrites = overwrite
    let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
    let name = ".\(path.lastComponent?.string ?? "output").gpumerge-\(getpid())-\(suffix)"
    let temporaryPath = path.removingLastComponent().appending(name)
    self.temporaryPath = temporaryPath
    descriptor = temporaryPath.withPlatformString {
      open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    guard descriptor >= 0 else {
      directDescriptor = -1
      isSettled.store(true, ordering: .relaxed)  // There is nothing to remove.
      throw Self.failure("cannot create the output", path)
    }
    directDescriptor = temporaryPath.withPlatformString {
      open($0, O_WRONLY | O_CLOEXEC | clinux_o_direct)
    }
    try reserve(byteCount)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if directDescriptor >= 0 { close(directDescriptor) }
    discard()
  }

  /// Removes what was written unless it is committed; for a process that may end before the last
  /// reference, which a thread may still hold, is gone.
  package func discard() {
    guard !isSettled.exchange(true, ordering: .relaxed) else { return }
    _ = temporaryPath.withPlatformString { unlink($0) }
  }

  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(GPUMergeError) {
    let alignment = AlignedMemory.pageByteCount
    let isAligned =
      UInt(bitPattern: bytes.baseAddress) % UInt(alignment) == 0 && offset % alignment == 0
    let directByteCount =
      directDescriptor >= 0 && isAligned ? bytes.count & ~(alignment - 1) : 0
    let done = try write(bytes[..<directByteCount], at: offset, to: directDescriptor)
    _ = try write(bytes[done...], at: offset + done, to: descriptor)
  }

  /// Makes the file durable and gives it its name.
  package func commit() throws(GPUMergeError) {
    guard fsync(descriptor) == 0 else { throw Self.failure("cannot write the output", path) }
    let status = temporaryPath.withPlatformString { from in
      path.withPlatformString { to in
        overwrites ? rename(from, to) : clinux_rename_noreplace(from, to)
      }
    }
    guard status == 0 else { throw Self.failure("cannot give the output its name", path) }
    isSettled.store(true, ordering: .relaxed)
    try syncFolder()
  }

  private func reserve(_ byteCount: Int) throws(GPUMergeError) {
    guard byteCount > 0 else { return }
    let status = posix_fallocate(descriptor, 0, byteCount)
    if status == ENOSPC || status == EFBIG || status == EDQUOT {
      throw GPUMergeError(
        .cannotCreate, "there is no room for the output's \(byteCount) bytes", file: path,
        advice: "Free some space, or write to another disk with -o")
    }
    // Whatever else it says, the file system cannot reserve: then a full disk is noticed later.
  }

  private func write(
    _ bytes: Slice<UnsafeRawBufferPointer>, at offset: Int, to descriptor: CInt
  ) throws(GPUMergeError) -> Int {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    guard let base = bytes.baseAddress else { return 0 }
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, base + done, bytes.count - done, offset + done)
      if count >= 0 {
        done += count
      } else if errno == EINVAL, descriptor == directDescriptor {
        return done  // Not aligned as this device wants it: the page cache takes the rest.
      } else if errno != EINTR {
        throw Self.failure("cannot write the output", path)
      }
    }
    return done
  }

  private func syncFolder() throws(GPUMergeError) {
    let folder = path.removingLastComponent()
    let descriptor = (folder.isEmpty ? "." : folder).withPlatformString {
      open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { return }  // A folder may be writable and not readable.
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw Self.failure("cannot write the output's folder", path)
    }
  }

  private static func resolvingLink(_ path: FilePath) throws(GPUMergeError) -> FilePath {
    var status = stat()
    guard path.withPlatformString({ lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFLNK
    else { return path }
    guard let target = path.withPlatformString({ realpath($0, nil) }) else {
      throw GPUMergeError(
        .cannotCreate, "the output is a symbolic link that leads nowhere", file: path,
        advice: "Remove it, or choose another name with -o")
    }
    defer { free(target) }
    return FilePath(platformString: target)
  }

  private static func failure(_ problem: String, _ path: FilePath) -> GPUMergeError {
    let error = Errno(rawValue: errno)
    switch error {
    case .fileExists:
      return GPUMergeError(
        .outputExists, "the output came into being while it was merged", file: path,
        advice: "Choose another name with -o, or overwrite it with --force")
    case .noSuchFileOrDirectory, .permissionDenied, .notPermitted, .readOnlyFileSystem,
      .notDirectory:
      return GPUMergeError(.cannotCreate, "\(problem): \(error)", file: path)
    default:
      return GPUMergeError(.io, "\(problem): \(error)", file: path)
    }
  }
}
