/// Page-aligned memory, freed with its last reference.
package final class AlignedMemory: @unchecked Sendable {
  // Sendable because it is only an address and a size; who writes when is the owner's affair.

  package let bytes: UnsafeMutableRawBufferPointer

  /// The unit of the page cache, and of direct I/O.
  package static let pageByteCount = 4096

  /// Reserves memory; pages are taken from the system as they are touched.
  package init(byteCount: Int) {
    let rounded = (max(byteCount, 1) + Self.pageByteCount - 1) & ~(Self.pageByteCount - 1)
    bytes = .allocate(byteCount: rounded, alignment: Self.pageByteCount)
  }

  deinit { bytes.deallocate() }
}
