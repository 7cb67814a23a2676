import GPUMerge
import Synchronization

/// Bytes that depend on their place only, of any number, and a count of the reads.
final class PatternSource: ByteSource {
  let byteCount: Int
  let readCount = Counter()
  let largestRead = Counter()

  /// A number that several threads may change.
  final class Counter: Sendable {
    private let value = Mutex(0)

    func load() -> Int { value.withLock { $0 } }

    func update(_ change: (Int) -> Int) { value.withLock { $0 = change($0) } }
  }

  init(byteCount: Int) {
    self.byteCount = byteCount
  }

  static func byte(at offset: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: (offset &* 0x9E37_79B1) >> 13)
  }

  func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) throws(GPUMergeError) {
    guard offset >= 0, offset + destination.count <= byteCount else {
      throw GPUMergeError(.internal, "a read outside of the source")
    }
    readCount.update { $0 + 1 }
    largestRead.update { max($0, destination.count) }
    for index in destination.indices { destination[index] = Self.byte(at: offset + index) }
  }
}
