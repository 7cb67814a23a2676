import Synchronization
import SystemPackage

/// The bytes of a zip member that is stored uncompressed, read straight from the file.
///
/// The CRC-32 of everything that is read is kept, so that checking the whole member afterwards only
/// has to read what nobody asked for.
final class StoredMember: ByteSource, Sendable {
  let byteCount: Int
  var filePath: FilePath? { file.path }
  private let file: InputFile
  private let member: ZipMember
  private let ledger = Mutex(CRCLedger())

  init(_ member: ZipMember, in file: InputFile) {
    self.member = member
    self.file = file
    byteCount = member.byteCount
  }

  func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) throws(GPUMergeError) {
    try file.read(into: destination, at: member.dataOffset + offset, through: window)
    record(UnsafeRawBufferPointer(destination), at: offset)
  }

  func resident(_ range: Range<Int>, in window: ReadWindow?) -> UnsafeRawBufferPointer? {
    guard let bytes = file.resident(inFile(range), in: window) else { return nil }
    record(bytes, at: range.lowerBound)
    return bytes
  }

  func extent(of range: Range<Int>) -> FileExtent? { file.extent(of: inFile(range)) }

  private func inFile(_ range: Range<Int>) -> Range<Int> {
    member.dataOffset + range.lowerBound..<member.dataOffset + range.upperBound
  }

  /// Keeps the CRC-32 of bytes that were read from `offset` on.
  private func record(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    guard member.hasCRC, isWorthRecording(bytes.count) else { return }
    for gap in ledger.withLock({ $0.gaps(in: offset..<offset + bytes.count) }) {
      let part = bytes[gap.lowerBound - offset..<gap.upperBound - offset]
      let crc = crc32(0, UnsafeRawBufferPointer(rebasing: part))
      ledger.withLock { $0.add(gap, crc: crc) }
    }
  }

  /// Whether to keep the CRC-32 of so many bytes.
  ///
  /// The scattered elements of a transposed tensor take longer to keep account of one by one than
  /// to read again at the end, in one run.
  private func isWorthRecording(_ count: Int) -> Bool {
    count >= 4096 || count >= byteCount / 16
  }

  /// Reads what was not read so far and compares the CRC-32 with the directory's.
  func verify() throws(GPUMergeError) {
    guard member.hasCRC else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    var crc: UInt32 = 0
    var position = 0
    for segment in ledger.withLock({ $0.segments }) {
      crc = try readOn(from: crc, position..<segment.range.lowerBound, buffer)
      crc = crc32Combine(crc, segment.crc, secondByteCount: segment.range.count)
      position = segment.range.upperBound
    }
    crc = try readOn(from: crc, position..<byteCount, buffer)
    guard crc == member.crc else { throw member.crcMismatch(found: crc, in: file) }
  }

  private func readOn(
    from crc: UInt32, _ range: Range<Int>, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(GPUMergeError) -> UInt32 {
    var crc = crc
    for start in stride(from: range.lowerBound, to: range.upperBound, by: buffer.count) {
      let part = UnsafeMutableRawBufferPointer(
        rebasing: buffer[..<min(buffer.count, range.upperBound - start)])
      try file.read(into: part, at: member.dataOffset + start)
      crc = crc32(crc, UnsafeRawBufferPointer(part))
    }
    return crc
  }
}
