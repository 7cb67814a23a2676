import Synchronization
import SystemPackage

/// The bytes of a compressed zip member, as if they were stored.
///
/// The whole member is decompressed once when it is opened, which checks it and leaves places to
/// start from, a few MiB apart; a read decompresses from the place before it. An archive may have a
/// hundred thousand members, so one that is not being read keeps nothing else.
final class DeflatedMember: ByteSource, Sendable {
  let byteCount: Int
  var filePath: FilePath? { file.path }
  private let file: InputFile
  private let member: ZipMember
  private let places: Places
  /// Where earlier reads ended, because most reads continue there.
  private let idle = Mutex(Idle())

  // @unchecked because: a place is only ever copied from, which does not change it.
  private struct Places: @unchecked Sendable {
    var list: [InflateCursor.Place] = []
  }

  // @unchecked because: a cursor is either in here, guarded by the mutex, or with one reader.
  private struct Idle: @unchecked Sendable {
    var cursors: [InflateCursor] = []
  }

  private static let maximumIdleCount = 2
  private static let chunkByteCount = 1 << 16

  /// Memory to decompress members in, one after the other.
  static func room() -> AlignedMemory { AlignedMemory(byteCount: chunkByteCount) }

  /// Opens a member whose `byteCount` is already known to be what is wanted.
  ///
  /// Who opens many has one `room` for all: what is large and soon freed, between small things that stay,
  /// leaves gaps in memory that nothing fits into.
  init(
    _ member: ZipMember, in file: InputFile, through room: AlignedMemory = room()
  ) throws(GPUMergeError) {
    self.member = member
    self.file = file
    byteCount = member.byteCount
    places = Places(list: try Self.inflateAll(member, in: file, through: room) { _ in })
  }

  /// Decompresses a member from end to end, checks it, and returns places to start from.
  @discardableResult
  static func inflateAll(
    _ member: ZipMember, in file: InputFile, through room: AlignedMemory = room(),
    _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(GPUMergeError) -> [InflateCursor.Place] {
    // At 40 KiB a place, at most 1 % and 40 MiB of memory.
    let spacing = max(4 << 20, member.byteCount / 1024)
    let cursor = try InflateCursor(member, in: file)
    var places: [InflateCursor.Place] = []
    var lastPlace = 0
    let buffer = room.bytes
    defer { extendLifetime(room) }
    var crc: UInt32 = 0
    while !cursor.isAtEnd {
      let count = try cursor.produce(into: buffer)
      guard cursor.outputOffset <= member.byteCount else { break }
      let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      crc = crc32(crc, part)
      body(part)
      if cursor.outputOffset - lastPlace >= spacing {
        places.append(try cursor.place())
        lastPlace = cursor.outputOffset
      }
    }
    guard cursor.isAtEnd, cursor.outputOffset == member.byteCount,
      cursor.consumedByteCount == member.compressedByteCount
    else { throw cursor.damaged("the compressed data has not the size that the archive says") }
    guard !member.hasCRC || crc == member.crc else {
      throw member.crcMismatch(found: crc, in: file)
    }
    return places
  }

  func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) throws(GPUMergeError) {
    let cursor = try cursor(for: offset)
    try skip(cursor, to: offset)
    guard try cursor.produce(into: destination) == destination.count else {
      throw GPUMergeError(
        .inputChanged, "the file changed while it was read", file: file.path,
        subject: member.displayName)
    }
    // Who reads on starts elsewhere.
    guard cursor.outputOffset < byteCount else { return }
    idle.withLock {
      $0.cursors.append(cursor)
      if $0.cursors.count > Self.maximumIdleCount { $0.cursors.removeFirst() }
    }
  }

  /// The idle cursor closest before `offset`, or a new one if a place is closer.
  private func cursor(for offset: Int) throws(GPUMergeError) -> InflateCursor {
    let place = places.list.last { $0.outputOffset <= offset }
    let start = place?.outputOffset ?? 0
    let taken = idle.withLock { idle -> Idle in
      let usable = idle.cursors.indices.filter {
        (start...max(start, offset)).contains(idle.cursors[$0].outputOffset)
      }
      let nearest = usable.max { idle.cursors[$0].outputOffset < idle.cursors[$1].outputOffset }
      return Idle(cursors: nearest.map { [idle.cursors.remove(at: $0)] } ?? [])
    }
    if let cursor = taken.cursors.first { return cursor }
    guard let place else { return try InflateCursor(member, in: file) }
    return try InflateCursor(member, in: file, from: place)
  }

  private func skip(_ cursor: InflateCursor, to offset: Int) throws(GPUMergeError) {
    guard cursor.outputOffset < offset else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.chunkByteCount, alignment: 64)
    defer { buffer.deallocate() }
    while cursor.outputOffset < offset {
      let count = min(buffer.count, offset - cursor.outputOffset)
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      guard try cursor.produce(into: part) == count else { return }
    }
  }
}
