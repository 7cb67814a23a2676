import CLinux
import Glibc
import Synchronization
package import SystemPackage

/// A regular file opened for reading.
///
/// Reads are `pread`, never a mapping: a mapped file that is truncated by somebody else kills the
/// process with SIGBUS, a read only fails.
package final class InputFile: ByteSource, Sendable {
  package let path: FilePath
  private let descriptor: PooledDescriptor
  private let pool: DescriptorPool
  /// For reads past the page cache; nil until there is one.
  private let direct = Mutex<Direct?>(nil)

  /// Which regions of the file the page cache held when that mattered first.
  private let isCached = Mutex<[Int: Bool]>([:])
  private static let regionByteCount = 64 << 20

  private struct Direct {
    /// nil if the file cannot be opened for such reads.
    let descriptor: PooledDescriptor?
    /// Whether it was opened, but does not read.
    var isRefused = false
  }

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

  deinit {
    pool.remove(descriptor)
    if let descriptor = direct.withLock({ $0?.descriptor }) { pool.remove(descriptor) }
  }

  package func extent(of range: Range<Int>) -> FileExtent? { FileExtent(self, range) }

  package func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) throws(GPUMergeError) {
    guard let base = destination.baseAddress else { return }
    if let window, window.read(self, into: destination, at: offset) { return }
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

  // MARK: Past the page cache

  /// Whether what lies at `offset` should be read past the page cache, as it does not hold that part of
  /// the file.
  ///
  /// Decided once for some megabytes around: what is read through the page cache makes the system read
  /// ahead, and would make it seem that all the rest were there already.
  func isWorthReadingDirectly(at offset: Int) -> Bool {
    let region = offset / Self.regionByteCount
    let known = isCached.withLock { $0[region] }
    let isCached = known ?? self.isCached(region: region)
    if known == nil { self.isCached.withLock { $0[region] = isCached } }
    return !isCached && directDescriptor() != nil
  }

  private func isCached(region: Int) -> Bool {
    let start = region * Self.regionByteCount
    let count = max(0, min(Self.regionByteCount, byteCount - start))
    guard let cached = cachedByteCount(of: start..<start + count) else { return true }
    // Three quarters are more than what is read ahead.
    return cached >= count / 4 * 3
  }

  /// How much of a range the page cache holds, in whole pages; nil if the system does not tell.
  ///
  /// The range begins at a page.
  package func cachedByteCount(of range: Range<Int>) -> Int? {
    guard let number = try? pool.pin(descriptor) else { return nil }
    defer { descriptor.unpin() }
    let count = clinux_cached_byte_count(number, Int64(range.lowerBound), Int64(range.count))
    return count < 0 ? nil : Int(count)
  }

  /// Reads past the page cache. (`O_DIRECT`)
  ///
  /// `destination` is aligned to pages, as is `offset`, and reaches beyond the end of the file at most
  /// to the end of a page.
  ///
  /// - Returns: Whether the bytes of `needed`, which lie inside, were read. If not, whoever reads them
  ///   through the page cache learns what is wrong.
  func readDirectly(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, atLeast needed: Range<Int>
  ) -> Bool {
    guard let descriptor = directDescriptor(), let base = destination.baseAddress,
      let number = try? pool.pin(descriptor)
    else { return false }
    defer { descriptor.unpin() }
    var done = 0
    while offset + done < needed.upperBound {
      let count = pread(number, base + done, destination.count - done, offset + done)
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        // Some file systems take the option, and refuse its use.
        if count < 0, errno == EINVAL, done == 0 { direct.withLock { $0?.isRefused = true } }
        return false
      }
    }
    return true
  }

  /// The descriptor for that; nil if the file cannot be read so.
  private func directDescriptor() -> PooledDescriptor? {
    direct.withLock { direct in
      if direct == nil { direct = Direct(descriptor: openDirect()) }
      return direct?.isRefused == true ? nil : direct?.descriptor
    }
  }

  /// Opens the file once more; nil if its file system has no such reads, or it is no longer there.
  private func openDirect() -> PooledDescriptor? {
    let path = descriptor.absolutePath
    guard let opened = try? pool.open(path, options: clinux_o_direct),
      let again = try? PooledDescriptor(opened, path: path, options: clinux_o_direct)
    else { return nil }
    guard again.status == descriptor.status else {
      again.closeFinally()
      return nil
    }
    pool.add(again)
    return again
  }

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
