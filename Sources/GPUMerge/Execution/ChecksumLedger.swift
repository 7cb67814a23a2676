import Kernels
import Synchronization

/// Collects the CRC-32 of the pieces of many streams, which come in any order, and joins them.
package final class ChecksumLedger: Sendable {
  private struct Part {
    var offset: Int
    var byteCount: Int
    var checksum: UInt32
  }

  private let parts = Mutex<[Int: [Part]]>([:])

  package init() {}

  /// Notes a piece of a stream, `offset` bytes from its start.
  package func add(_ bytes: UnsafeRawBufferPointer, stream: Int, offset: Int) {
    let checksum = gm_crc32(0, bytes.baseAddress, bytes.count)
    let part = Part(offset: offset, byteCount: bytes.count, checksum: checksum)
    parts.withLock { $0[stream, default: []].append(part) }
  }

  /// The CRC-32 of a whole stream, all of whose pieces were added once; 0 for an empty one.
  package func checksum(ofStream stream: Int) -> UInt32 {
    let parts = parts.withLock { $0[stream] ?? [] }
    return parts.sorted { $0.offset < $1.offset }.reduce(0) { checksum, part in
      gm_crc32_combine(checksum, part.checksum, UInt64(part.byteCount))
    }
  }
}
