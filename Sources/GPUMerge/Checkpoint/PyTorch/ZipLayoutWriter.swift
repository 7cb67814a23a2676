/// Lays out a zip archive of stored members whose data may be written later.
struct ZipLayoutWriter {
  private var literals: [OutputLayout.Literal] = []
  private var tensorOffsets: [Int] = []
  private var members: [Member] = []
  private var position = 0

  private struct Member {
    var name: [UInt8]
    var byteCount: Int
    var crc: UInt32
    var headerOffset: Int
    /// The tensor whose data it holds, if its CRC-32 is not known yet.
    var tensor: Int?
  }

  /// Where `mmap` wants data to start.
  private static let alignment = 64
  /// A number of 32 bits with this value says: see the zip64 field.
  private static let sentinel = 0xFFFF_FFFF
  private static let plainVersion: UInt16 = 20
  private static let zip64Version: UInt16 = 45
  /// Names are UTF-8.
  private static let flags: UInt16 = 0x0800
  /// 1980-01-01, the first day of zip: the bytes of the file depend on nothing but its content.
  private static let date: UInt16 = 0x0021

  /// Adds a member whose content is known.
  mutating func addMember(_ name: String, contents: [UInt8]) throws(GPUMergeError) {
    let crc = contents.withUnsafeBytes { crc32(0, $0) }
    try addHeader(name, byteCount: contents.count, crc: crc, tensor: nil)
    append(contents)
  }

  /// Adds a member for the data of a tensor.
  mutating func addMember(
    _ name: String, tensor: Int, byteCount: Int
  ) throws(GPUMergeError) {
    try addHeader(name, byteCount: byteCount, crc: 0, tensor: byteCount > 0 ? tensor : nil)
    tensorOffsets.append(position)
    try advance(by: byteCount)
  }

  private mutating func advance(by count: Int) throws(GPUMergeError) {
    let (sum, overflow) = position.addingReportingOverflow(count)
    // What is left is ample for the directory.
    guard !overflow, sum < 1 << 62 else {
      throw GPUMergeError(.overflow, "the output would be larger than any file can be")
    }
    position = sum
  }

  /// Writes bytes at the current position, as part of the literal before if that ends here.
  private mutating func append(_ bytes: [UInt8]) {
    if let last = literals.last, last.offset + last.bytes.count == position {
      literals[literals.count - 1].bytes.append(contentsOf: bytes)
    } else {
      literals.append(OutputLayout.Literal(offset: position, bytes: bytes))
    }
    position += bytes.count
  }

  private mutating func addHeader(
    _ name: String, byteCount: Int, crc: UInt32, tensor: Int?
  ) throws(GPUMergeError) {
    let name = Array(name.utf8)
    let isWide = byteCount >= Self.sentinel
    let zip64 = isWide ? Self.zip64Field([byteCount, byteCount]) : []
    // An extra field of PyTorch's own kind fills the space up to where the data starts.
    let dataOffset = position + 30 + name.count + zip64.count + 4
    let paddingCount = (Self.alignment - dataOffset % Self.alignment) % Self.alignment
    members.append(
      Member(
        name: name, byteCount: byteCount, crc: crc, headerOffset: position, tensor: tensor))
    var header: [UInt8] = []
    header.append(littleEndian: 0x0403_4B50 as UInt32)
    header.append(littleEndian: isWide ? Self.zip64Version : Self.plainVersion)
    Self.appendCommonFields(to: &header, crc: crc, byteCount: byteCount, name: name)
    header.append(littleEndian: UInt16(zip64.count + 4 + paddingCount))
    header += name + zip64 + Array("FB".utf8)
    header.append(littleEndian: UInt16(paddingCount))
    header += Array(repeating: UInt8(ascii: "Z"), count: paddingCount)
    append(header)
  }

  /// The fields that a local header and the directory have in common, from the flags to the name's
  /// length.
  private static func appendCommonFields(
    to header: inout [UInt8], crc: UInt32, byteCount: Int, name: [UInt8]
  ) {
    header.append(littleEndian: flags)
    header.append(littleEndian: 0 as UInt16)
    header.append(littleEndian: 0 as UInt16)
    header.append(littleEndian: date)
    header.append(littleEndian: crc)
    header.append(littleEndian: UInt32(clamping: byteCount))
    header.append(littleEndian: UInt32(clamping: byteCount))
    header.append(littleEndian: UInt16(name.count))
  }

  private static func zip64Field(_ values: [Int]) -> [UInt8] {
    guard !values.isEmpty else { return [] }
    var field: [UInt8] = [1, 0]
    field.append(littleEndian: UInt16(8 * values.count))
    for value in values { field.append(littleEndian: UInt64(value)) }
    return field
  }

  /// Writes the directory and the end records.
  mutating func finish() throws(GPUMergeError) -> OutputLayout {
    let directoryOffset = position
    var checksums: [OutputLayout.Checksum] = []
    for member in members {
      if let tensor = member.tensor {
        checksums.append(
          OutputLayout.Checksum(
            tensor: tensor, fieldOffsets: [member.headerOffset + 14, position + 16]))
      }
      append(Self.directoryEntry(of: member))
    }
    appendEndRecords(directoryOffset: directoryOffset)
    return OutputLayout(
      tensorOffsets: tensorOffsets, literals: literals, byteCount: position, checksums: checksums)
  }

  private static func directoryEntry(of member: Member) -> [UInt8] {
    let sizes = member.byteCount >= sentinel ? [member.byteCount, member.byteCount] : []
    let offsets = member.headerOffset >= sentinel ? [member.headerOffset] : []
    let zip64 = zip64Field(sizes + offsets)
    let version = zip64.isEmpty ? plainVersion : zip64Version
    var entry: [UInt8] = []
    entry.append(littleEndian: 0x0201_4B50 as UInt32)
    entry.append(littleEndian: version)
    entry.append(littleEndian: version)
    appendCommonFields(
      to: &entry, crc: member.crc, byteCount: member.byteCount, name: member.name)
    entry.append(littleEndian: UInt16(zip64.count))
    // No comment, the first disk, no attributes.
    entry += Array(repeating: 0, count: 10)
    entry.append(littleEndian: UInt32(clamping: member.headerOffset))
    return entry + member.name + zip64
  }

  private mutating func appendEndRecords(directoryOffset: Int) {
    let byteCount = position - directoryOffset
    let count = members.count
    if count >= 0xFFFF || byteCount >= Self.sentinel || directoryOffset >= Self.sentinel {
      appendZip64EndRecords(directoryOffset: directoryOffset, byteCount: byteCount)
    }
    var record: [UInt8] = []
    record.append(littleEndian: 0x0605_4B50 as UInt32)
    record.append(littleEndian: 0 as UInt32)
    record.append(littleEndian: UInt16(clamping: count))
    record.append(littleEndian: UInt16(clamping: count))
    record.append(littleEndian: UInt32(clamping: byteCount))
    record.append(littleEndian: UInt32(clamping: directoryOffset))
    record.append(littleEndian: 0 as UInt16)
    append(record)
  }

  private mutating func appendZip64EndRecords(directoryOffset: Int, byteCount: Int) {
    let offset = position
    var record: [UInt8] = []
    record.append(littleEndian: 0x0606_4B50 as UInt32)
    record.append(littleEndian: 44 as UInt64)
    record.append(littleEndian: Self.zip64Version)
    record.append(littleEndian: Self.zip64Version)
    record.append(littleEndian: 0 as UInt64)
    record.append(littleEndian: UInt64(members.count))
    record.append(littleEndian: UInt64(members.count))
    record.append(littleEndian: UInt64(byteCount))
    record.append(littleEndian: UInt64(directoryOffset))
    record.append(littleEndian: 0x0706_4B50 as UInt32)
    record.append(littleEndian: 0 as UInt32)
    record.append(littleEndian: UInt64(offset))
    record.append(littleEndian: 1 as UInt32)
    append(record)
  }
}
