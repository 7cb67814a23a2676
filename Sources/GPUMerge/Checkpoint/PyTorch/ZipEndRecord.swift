/// Where a zip archive's directory is, from the records at the end of the file.
struct ZipEndRecord {
  var memberCount: Int
  var directoryOffset: Int
  var directoryByteCount: Int

  private static let byteCount = 22
  private static let locatorByteCount = 20
  private static let zip64ByteCount = 56

  /// Reads the end record, which must be the last 22 bytes of the file: where bytes may follow it,
  /// two programs can find two different archives in one file.
  init(of file: InputFile) throws(GPUMergeError) {
    let start = file.byteCount - Self.byteCount
    guard start >= 0 else { throw Self.missing }
    let record = try file.bytes(at: start, count: Self.byteCount)
    guard record.integer(UInt32.self, at: 0) == 0x0605_4B50 else { throw Self.missing }
    guard record.integer(UInt16.self, at: 20) == 0 else {
      throw zipFailure("it has a comment", at: start)
    }
    memberCount = Int(record.integer(UInt16.self, at: 10))
    directoryByteCount = Int(record.integer(UInt32.self, at: 12))
    directoryOffset = Int(record.integer(UInt32.self, at: 16))
    guard record.integer(UInt32.self, at: 4) == 0,
      record.integer(UInt16.self, at: 8) == memberCount
    else { throw zipFailure("it is split over several files", at: start) }
    let end = try readZip64(of: file, before: start) ?? start
    let (directoryEnd, overflow) = directoryOffset.addingReportingOverflow(directoryByteCount)
    guard !overflow, directoryEnd == end else {
      throw zipFailure("the directory does not end where the end record starts", at: start)
    }
    guard memberCount <= directoryByteCount / 46 else {
      throw zipFailure("the directory is too small for \(memberCount) members", at: start)
    }
  }

  /// Reads the zip64 records if there are any and returns where they start.
  ///
  /// What the plain record says too must be the same.
  private mutating func readZip64(
    of file: InputFile, before end: Int
  ) throws(GPUMergeError) -> Int? {
    let locatorOffset = end - Self.locatorByteCount
    let needed =
      memberCount == 0xFFFF || directoryByteCount == 0xFFFF_FFFF || directoryOffset == 0xFFFF_FFFF
    var locator: [UInt8] = []
    if locatorOffset >= 0 { locator = try file.bytes(at: locatorOffset, count: 20) }
    guard !locator.isEmpty, locator.integer(UInt32.self, at: 0) == 0x0706_4B50 else {
      if needed { throw zipFailure("the zip64 end record is missing", at: end) }
      return nil
    }
    let offset = locatorOffset - Self.zip64ByteCount
    guard offset >= 0, locator.integer(UInt32.self, at: 4) == 0,
      locator.integer(UInt64.self, at: 8) == offset, locator.integer(UInt32.self, at: 16) == 1
    else {
      throw zipFailure(
        "the zip64 locator does not point to the record before it", at: locatorOffset)
    }
    let record = try file.bytes(at: offset, count: Self.zip64ByteCount)
    guard record.integer(UInt32.self, at: 0) == 0x0606_4B50,
      record.integer(UInt64.self, at: 4) == Self.zip64ByteCount - 12,
      record.integer(UInt64.self, at: 16) == 0,
      record.integer(UInt64.self, at: 24) == record.integer(UInt64.self, at: 32)
    else { throw zipFailure("the zip64 end record is malformed", at: offset) }
    memberCount = try Self.agree(record, 32, with: memberCount, unless: 0xFFFF, at: offset)
    directoryByteCount = try Self.agree(
      record, 40, with: directoryByteCount, unless: 0xFFFF_FFFF, at: offset)
    directoryOffset = try Self.agree(
      record, 48, with: directoryOffset, unless: 0xFFFF_FFFF, at: offset)
    return offset
  }

  private static func agree(
    _ record: [UInt8], _ position: Int, with plain: Int, unless sentinel: Int, at offset: Int
  ) throws(GPUMergeError) -> Int {
    guard let value = Int(exactly: record.integer(UInt64.self, at: position)),
      plain == sentinel || plain == value
    else { throw zipFailure("the two end records disagree", at: offset + position) }
    return value
  }

  private static var missing: GPUMergeError {
    GPUMergeError(
      .zipStructure, "the file does not end as PyTorch's do, with a zip archive's end record",
      advice: "It was probably cut short: copy or download it again")
  }
}

/// An error about the structure of a zip archive; `offset` is in the file.
func zipFailure(
  _ problem: String, member: String? = nil, at offset: Int? = nil
) -> GPUMergeError {
  GPUMergeError(
    .zipStructure, "the zip archive is not as PyTorch writes it: \(problem)", subject: member,
    offset: offset)
}
