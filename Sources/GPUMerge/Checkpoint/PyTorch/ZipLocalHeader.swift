/// Checks a member's local header, and what follows its data, against the directory.
enum ZipLocalHeader {
  private static let signature: UInt32 = 0x0403_4B50
  private static let byteCount = 30
  private static let descriptorSignature: UInt32 = 0x0807_4B50

  /// Sets the member's `dataOffset`.
  ///
  /// `end` is where the next member or the directory starts.
  static func check(
    _ member: inout ZipMember, in file: InputFile, endingAt end: Int
  ) throws(GPUMergeError) {
    let start = member.headerOffset
    let nameEnd = byteCount + member.name.count
    guard end - start >= nameEnd else { throw failure("the member is cut off", member) }
    let header = try file.bytes(at: start, count: nameEnd)
    guard header.integer(UInt32.self, at: 0) == signature else {
      throw failure("there is no local header where the directory says", member)
    }
    guard header.integer(UInt16.self, at: 6) == member.flags,
      header.integer(UInt16.self, at: 8) == (member.isDeflated ? 8 : 0),
      header.integer(UInt16.self, at: 26) == member.name.count,
      header[byteCount...] == member.name[...]
    else { throw failure("the local header and the directory disagree", member) }
    let extraByteCount = Int(header.integer(UInt16.self, at: 28))
    member.dataOffset = start + nameEnd + extraByteCount
    let (dataEnd, overflow) = member.dataOffset.addingReportingOverflow(member.compressedByteCount)
    guard !overflow, dataEnd <= end else {
      throw failure("the member's data is cut off or overlaps what follows", member)
    }
    try checkSizes(member, header, in: file, extra: start + nameEnd..<member.dataOffset)
    try checkDescriptor(member, in: file, between: dataEnd..<end)
  }

  private static func failure(_ problem: String, _ member: ZipMember) -> GPUMergeError {
    zipFailure(problem, member: member.displayName, at: member.headerOffset)
  }

  /// Compares CRC and sizes, which may be 0 if a descriptor follows and are in the extra data if
  /// they are 0xFFFFFFFF.
  private static func checkSizes(
    _ member: ZipMember, _ header: [UInt8], in file: InputFile, extra: Range<Int>
  ) throws(GPUMergeError) {
    let crc = header.integer(UInt32.self, at: 14)
    let compressed = Int(header.integer(UInt32.self, at: 18))
    let plain = Int(header.integer(UInt32.self, at: 22))
    if member.hasDescriptor, crc == 0, compressed == 0, plain == 0 { return }
    guard crc == member.crc || member.hasDescriptor && crc == 0 else {
      throw failure("the local header and the directory disagree on the CRC-32", member)
    }
    if compressed == member.compressedByteCount, plain == member.byteCount { return }
    // With a descriptor, sizes that did not fit are as unknown as those that are 0.
    guard compressed == 0xFFFF_FFFF, plain == 0xFFFF_FFFF else {
      throw failure("the local header and the directory disagree on the size", member)
    }
    if member.hasDescriptor { return }
    let bytes = try file.bytes(at: extra.lowerBound, count: extra.count)
    guard let fields = ZipExtraField.fields(of: bytes),
      let zip64 = fields.first(where: \.isZip64)?.content, zip64.count >= 16,
      zip64.integer(UInt64.self, at: 0) == member.byteCount,
      zip64.integer(UInt64.self, at: 8) == member.compressedByteCount
    else { throw failure("the local header and the directory disagree on the size", member) }
  }

  /// Checks what lies between the data and the next member: nothing, or a data descriptor, whose
  /// signature is optional and whose sizes have 32 or 64 bits.
  private static func checkDescriptor(
    _ member: ZipMember, in file: InputFile, between range: Range<Int>
  ) throws(GPUMergeError) {
    guard member.hasDescriptor else {
      guard range.isEmpty else { throw failure("unaccounted bytes after the member", member) }
      return
    }
    guard [12, 16, 20, 24].contains(range.count) else {
      throw failure("unaccounted bytes after the member", member)
    }
    var bytes = try file.bytes(at: range.lowerBound, count: range.count)
    if bytes.count % 8 == 0 {
      guard bytes.integer(UInt32.self, at: 0) == descriptorSignature else {
        throw failure("the data descriptor is malformed", member)
      }
      bytes.removeFirst(4)
    }
    let isWide = bytes.count == 20
    let compressed =
      isWide ? bytes.integer(UInt64.self, at: 4) : UInt64(bytes.integer(UInt32.self, at: 4))
    let plain =
      isWide ? bytes.integer(UInt64.self, at: 12) : UInt64(bytes.integer(UInt32.self, at: 8))
    guard bytes.integer(UInt32.self, at: 0) == member.crc,
      compressed == member.compressedByteCount, plain == member.byteCount
    else { throw failure("the data descriptor and the directory disagree", member) }
  }
}
