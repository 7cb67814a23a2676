import Glibc
package import SystemPackage

/// A regular file opened for reading.
///
/// Reads are `pread`, never a mapping: a mapped file that is truncated by somebody else kills the
/// process with SIGBUS, a read only fails.
package final class InputFile: ByteSource, Sendable {
  package let path: FilePath
  package var filePath: FilePath? { path }
  private let descriptor: PooledDescriptor
  private let pool: DescriptorPool
  /// What reads it past the page cache.
  let direct: DirectReader

  /// Device and inode: two paths with equal identity are one file.
  package struct Identity: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
  }

  package var byteCount: Int { descriptor.status.byteCount }
  package var identity: Identity { descriptor.status.identity }
  /// When the file was last written, in seconds and nanoseconds.
  package var modificationTime: String { descriptor.status.modificationTime }

  /// Opens a file.
  ///
  /// Directories, pipes and devices are refused, and a pipe does not block.
  package convenience init(
    opening path: FilePath, pool: DescriptorPool = .shared
  ) throws(GPUMergeError) {
    try self.init(path, pool) { () throws(Errno) in try pool.open(path) }
  }

  /// Opens the file that is called `name` in a folder, whatever happens to the folder's path.
  package convenience init(
    opening name: FilePath, in folder: InputFolder, pool: DescriptorPool = .shared
  ) throws(GPUMergeError) {
    try self.init(folder.path.pushing(name), pool) { () throws(Errno) in
      try pool.open(name, in: folder.descriptor)
    }
  }

  private init(
    _ path: FilePath, _ pool: DescriptorPool, _ open: () throws(Errno) -> OwnedDescriptor
  ) throws(GPUMergeError) {
    self.path = path
    self.pool = pool
    do throws(Errno) {
      descriptor = try PooledDescriptor(try open(), path: path)
    } catch {
      throw openingFailure(error, path)
    }
    direct = DirectReader(descriptor, pool)
    guard descriptor.status.kind == .regular else {
      descriptor.closeFinally()
      let isFolder = descriptor.status.kind == .folder
      throw GPUMergeError(
        .unsupportedFormat,
        isFolder
          ? "this is a folder, not a file" : "this is a pipe or a device, not a regular file",
        file: path,
        advice: isFolder
          ? "Name a file inside of it" : "Write what it gives to a file, and name that")
    }
    pool.add(descriptor)
  }

  deinit { pool.remove(descriptor) }

  package func extent(of range: Range<Int>) -> FileExtent? { FileExtent(self, range) }

  package func resident(
    _ range: Range<Int>, in window: ReadWindow?
  ) -> UnsafeRawBufferPointer? {
    window?.bytes(of: self, in: range)
  }

  package func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) throws(GPUMergeError) {
    guard let base = destination.baseAddress else { return }
    if let bytes = resident(offset..<offset + destination.count, in: window) {
      destination.copyMemory(from: bytes)
      return
    }
    let number = try pool.pin(descriptor)
    defer { descriptor.unpin() }
    var done = 0
    while done < destination.count {
      let count = pread(number, base + done, destination.count - done, offset + done)
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

  /// How much of a range, which begins at a page, the page cache holds; nil if the system does not tell.
  package func cachedByteCount(of range: Range<Int>) -> Int? { direct.cachedByteCount(of: range) }

  /// Asks the system to forget what it has of the file in memory. (`posix_fadvise`)
  ///
  /// It keeps what is not on the disk yet, and all of it where there is no disk, as in tmpfs.
  package func leavePageCache() throws(GPUMergeError) {
    let number = try pool.pin(descriptor)
    defer { descriptor.unpin() }
    _ = posix_fadvise(number, 0, 0, POSIX_FADV_DONTNEED)
  }

  /// Throws if the file's size or modification time is no longer what it was when it was opened.
  package func checkUnchanged() throws(GPUMergeError) {
    let number = try pool.pin(descriptor)
    defer { descriptor.unpin() }
    try descriptor.check(number)
  }
}
