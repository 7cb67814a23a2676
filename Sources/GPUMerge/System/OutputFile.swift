import CLinux
import Glibc
import Synchronization
package import SystemPackage

/// A file that is being written, under a name that nobody takes for the finished one.
package final class OutputFile: Sendable {
  package let path: FilePath
  private let descriptor: CInt
  /// The same file without the page cache in between, or -1 where that cannot be had.
  private let directDescriptor: CInt
  private let isClosed = Atomic<Bool>(false)

  /// Creates the file, or opens it to go on, and reserves all of its size, so that a full disk is
  /// noticed at once.
  package init(at path: FilePath, byteCount: Int) throws(GPUMergeError) {
    self.path = path
    descriptor = path.withPlatformString {
      open($0, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    }
    guard descriptor >= 0 else {
      directDescriptor = -1
      throw .system("cannot create the output", path)
    }
    directDescriptor = path.withPlatformString { open($0, O_WRONLY | O_CLOEXEC | clinux_o_direct) }
    try reserve(byteCount)
  }

  deinit { _ = closeDescriptors() }

  /// Closes the file, after which it cannot be used.
  ///
  /// Some file systems say only now that something could not be written.
  package func close() throws(GPUMergeError) {
    if let error = closeDescriptors() {
      throw .system("cannot write the output", path, error)
    }
  }

  private func closeDescriptors() -> Errno? {
    guard !isClosed.exchange(true, ordering: .relaxed) else { return nil }
    var failure: Errno?
    for number in [directDescriptor, descriptor] where number >= 0 {
      // A descriptor is gone, even if closing it was interrupted.
      if Glibc.close(number) != 0, errno != EINTR { failure = Errno(rawValue: errno) }
    }
    return failure
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

  package func read(
    into bytes: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(GPUMergeError) {
    guard let base = bytes.baseAddress else { return }
    var done = 0
    while done < bytes.count {
      let count = pread(descriptor, base + done, bytes.count - done, offset + done)
      guard count > 0 || (count < 0 && errno == EINTR) else {
        throw .system(
          "cannot read what was written", path, count == 0 ? .ioError : Errno(rawValue: errno))
      }
      done += max(0, count)
    }
  }

  /// Makes what was written durable.
  ///
  /// Never to be tried again after an error: the system takes lost pages for written ones then.
  package func sync() throws(GPUMergeError) {
    guard fdatasync(descriptor) == 0 else { throw .system("cannot write the output", path) }
  }

  private var writtenByteCount: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_blocks) * 512 : 0
  }

  private func reserve(_ byteCount: Int) throws(GPUMergeError) {
    guard ftruncate(descriptor, off_t(byteCount)) == 0 else {
      throw .system("cannot give the output its size of \(byteCount) bytes", path)
    }
    guard byteCount > 0, clinux_allocate(descriptor, Int64(byteCount)) != 0 else { return }
    let error = Errno(rawValue: errno)
    let free = Folder.of(path).freeByteCount
    // A file system that cannot reserve may still say how much room there is; what an earlier run
    // wrote has its room already.
    let isFull = free.map { $0 < byteCount - writtenByteCount } ?? false
    guard isFull || [.noSpace, .diskQuotaExceeded, .fileTooLarge, .ioError].contains(error) else {
      return
    }
    let rest = free.map { ", and \($0) are free" } ?? ""
    throw GPUMergeError(
      .cannotCreate, "there is no room for the output: it takes \(byteCount) bytes\(rest)",
      file: path, advice: "Free some space, or write to another disk with -o")
  }

  private func write(
    _ bytes: Slice<UnsafeRawBufferPointer>, at offset: Int, to descriptor: CInt
  ) throws(GPUMergeError) -> Int {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    guard let base = bytes.baseAddress else { return 0 }
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, base + done, bytes.count - done, offset + done)
      if count > 0 {
        done += count
      } else if count == 0 {
        throw .system("cannot write the output", path, .ioError)
      } else if descriptor == directDescriptor, errno == EINVAL || errno == EFAULT {
        // Not aligned as this disk wants it, or a driver's memory that no disk can get at: the page cache
        // takes the rest.
        return done
      } else if errno != EINTR {
        throw .system("cannot write the output", path)
      }
    }
    return done
  }
}
