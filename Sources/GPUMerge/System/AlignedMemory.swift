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

  // In Swift, too, this is free().
  deinit { free(bytes.baseAddress) }

  private static func rounded(_ byteCount: Int) -> Int {
    (max(byteCount, 1) + pageByteCount - 1) & ~(pageByteCount - 1)
  }
}
