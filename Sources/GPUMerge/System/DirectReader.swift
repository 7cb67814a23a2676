import CLinux
import Glibc
import Synchronization
import SystemPackage

/// Reads an open file past the page cache (`O_DIRECT`), by a descriptor of its own.
final class DirectReader: Sendable {
  /// The file's other descriptor.
  private let file: PooledDescriptor
  private let pool: DescriptorPool
  /// nil until there is one.
  private let opened = Mutex<Opened?>(nil)

  /// Which regions of the file the page cache held when that mattered first.
  private let isCached = Mutex<[Int: Bool]>([:])
  private static let regionByteCount = 64 << 20

  private struct Opened {
    /// nil if the file cannot be opened for such reads.
    let descriptor: PooledDescriptor?
    /// Whether it was opened, but does not read.
    var isRefused = false
  }

  init(_ file: PooledDescriptor, _ pool: DescriptorPool) {
    self.file = file
    self.pool = pool
  }

  deinit {
    if let descriptor = opened.withLock({ $0?.descriptor }) { pool.remove(descriptor) }
  }

  /// Whether what lies at `offset` should be read so, as the page cache does not hold that part of the file.
  ///
  /// Decided once for some megabytes around: what is read through the page cache makes the system read
  /// ahead, and would make it seem that all the rest were there already.
  func isWorthwhile(at offset: Int) -> Bool {
    let region = offset / Self.regionByteCount
    let known = isCached.withLock { $0[region] }
    let isCached = known ?? self.isCached(region: region)
    if known == nil { self.isCached.withLock { $0[region] = isCached } }
    return !isCached && descriptor() != nil
  }

  private func isCached(region: Int) -> Bool {
    let start = region * Self.regionByteCount
    let count = max(0, min(Self.regionByteCount, file.status.byteCount - start))
    guard let cached = cachedByteCount(of: start..<start + count) else { return true }
    // Three quarters are more than what is read ahead.
    return cached >= count / 4 * 3
  }

  /// How much of a range the page cache holds, in whole pages; nil if the system does not tell.
  ///
  /// The range begins at a page.
  func cachedByteCount(of range: Range<Int>) -> Int? {
    guard let number = try? pool.pin(file) else { return nil }
    defer { file.unpin() }
    let count = clinux_cached_byte_count(number, Int64(range.lowerBound), Int64(range.count))
    return count < 0 ? nil : Int(count)
  }

  /// Reads.
  ///
  /// `destination` is aligned to pages, as is `offset`, and reaches beyond the end of the file at most
  /// to the end of a page.
  ///
  /// - Returns: Whether the bytes of `needed`, which lie inside, were read. If not, whoever reads them
  ///   through the page cache learns what is wrong.
  func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, atLeast needed: Range<Int>
  ) -> Bool {
    guard let descriptor = descriptor(), let base = destination.baseAddress,
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
        if count < 0, errno == EINVAL, done == 0 { opened.withLock { $0?.isRefused = true } }
        return false
      }
    }
    return true
  }

  /// The descriptor for such reads; nil if the file cannot be read so.
  private func descriptor() -> PooledDescriptor? {
    opened.withLock { opened in
      if opened == nil { opened = Opened(descriptor: open()) }
      return opened?.isRefused == true ? nil : opened?.descriptor
    }
  }

  /// Opens the file once more; nil if its file system has no such reads, or it is no longer there.
  private func open() -> PooledDescriptor? {
    let path = file.absolutePath
    guard let opened = try? pool.open(path, options: clinux_o_direct),
      let again = try? PooledDescriptor(opened, path: path, options: clinux_o_direct)
    else { return nil }
    guard again.status == file.status else {
      again.closeFinally()
      return nil
    }
    pool.add(again)
    return again
  }
}
