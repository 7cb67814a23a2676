import Glibc

/// Page-aligned memory, freed with its last reference.
package final class AlignedMemory: @unchecked Sendable {
  // Sendable because it is only an address and a size; who writes when is the owner's affair.

  package let bytes: UnsafeMutableRawBufferPointer
  /// What the bytes are a part of, if they are not freed by themselves.
  private let whole: AlignedMemory?

  /// The unit of the page cache, and of direct I/O.
  package static let pageByteCount = 4096

  /// Reserves memory; pages are taken from the system as they are touched.
  package init(byteCount: Int) {
    bytes = .allocate(byteCount: Self.rounded(byteCount), alignment: Self.pageByteCount)
    whole = nil
  }

  /// Reserves memory if the system has it to give.
  package init?(ifAvailable byteCount: Int) {
    let rounded = Self.rounded(byteCount)
    guard let start = aligned_alloc(Self.pageByteCount, rounded) else { return nil }
    bytes = UnsafeMutableRawBufferPointer(start: start, count: rounded)
    whole = nil
  }

  /// Reserves memory in huge pages, if the system has any, and nil if it has not so much to give and some
  /// to spare.
  ///
  /// For direct I/O: ordinary pages lie all over the place, and a disk's driver is handed them one by one.
  /// Rounded up to 2 MiB, all of which is taken from the system with the first touch.
  init?(ifAvailableInHugePages byteCount: Int) {
    let rounded = Self.rounded(byteCount, to: Self.hugePageByteCount)
    guard Self.isAvailable(rounded + Self.reserveByteCount),
      let start = aligned_alloc(Self.hugePageByteCount, rounded)
    else { return nil }
    madvise(start, rounded, MADV_HUGEPAGE)
    bytes = UnsafeMutableRawBufferPointer(start: start, count: rounded)
    whole = nil
  }

  /// A part of other memory, which is freed after it; `offset` is that of a page.
  init(_ whole: AlignedMemory, offset: Int, byteCount: Int) {
    bytes = UnsafeMutableRawBufferPointer(
      rebasing: whole.bytes[offset..<offset + Self.rounded(byteCount)])
    self.whole = whole
  }

  static let hugePageByteCount = 2 << 20

  /// What must be left for everything else, as Swift ends the process where no memory is left.
  static let reserveByteCount = 32 << 20

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
  deinit {
    if whole == nil { free(bytes.baseAddress) }
  }

  static func rounded(_ byteCount: Int, to unit: Int = pageByteCount) -> Int {
    (max(byteCount, 1) + unit - 1) & ~(unit - 1)
  }
}
