import Glibc

/// Page-aligned memory, freed with its last reference.
package final class AlignedMemory: @unchecked Sendable {
  // Sendable because it is only an address and a size; who writes when is the owner's affair.

  package let bytes: UnsafeMutableRawBufferPointer

  /// The unit of the page cache, and of direct I/O.
  package static let pageByteCount = 4096

  /// Reserves memory; pages are taken from the system as they are touched.
  package init(byteCount: Int) {
    bytes = .allocate(byteCount: Self.rounded(byteCount), alignment: Self.pageByteCount)
  }

  /// Reserves memory if the system has it to give.
  package init?(ifAvailable byteCount: Int) {
    let rounded = Self.rounded(byteCount)
    guard let start = aligned_alloc(Self.pageByteCount, rounded) else { return nil }
    bytes = UnsafeMutableRawBufferPointer(start: start, count: rounded)
  }

  /// Whether the system would give so much now.
  ///
  /// Asked for at once and given back, as every other thread would find less while it is held in parts.
  static func isAvailable(_ byteCount: Int) -> Bool {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    let start = mmap(nil, rounded(byteCount), PROT_READ | PROT_WRITE, flags, -1, 0)
    guard start != MAP_FAILED else { return false }
    munmap(start, rounded(byteCount))
    return true
  }

  // In Swift, too, this is free().
  deinit { free(bytes.baseAddress) }

  private static func rounded(_ byteCount: Int) -> Int {
    (max(byteCount, 1) + pageByteCount - 1) & ~(pageByteCount - 1)
  }
}
