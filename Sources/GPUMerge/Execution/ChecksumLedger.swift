import Synchronization

/// The CRC-32 of each tensor of an output, whose pieces come in any order and from many threads.
package final class ChecksumLedger: Sendable {
  private let ledgers = Mutex<[Int: CRCLedger]>([:])

  package init() {}

  /// Notes a piece of a tensor, `offset` bytes from its start.
  package func add(_ bytes: UnsafeRawBufferPointer, tensor: Int, offset: Int) {
    let checksum = crc32(0, bytes)
    ledgers.withLock {
      $0[tensor, default: CRCLedger()].add(offset..<offset + bytes.count, crc: checksum)
    }
  }

  /// The CRC-32 of a whole tensor, all of whose pieces were added; 0 for an empty one.
  package func checksum(ofTensor tensor: Int) -> UInt32 {
    ledgers.withLock { $0[tensor]?.segments.first?.crc ?? 0 }
  }
}
