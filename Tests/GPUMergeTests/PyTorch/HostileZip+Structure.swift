import GPUMerge

// Archives whose records lie about where things are.
extension HostileZip {
  private static let file = good.bytes()

  /// The plain end record of another archive, in an archive's comment.
  private static let fakeEnd: [UInt8] = file.suffix(22)

  private static func zip64(_ change: (inout [UInt8], inout [UInt8]) -> Void) -> TestZip {
    var zip = good
    let directoryOffset = TestZip.field(UInt64(littleEndian(file, file.count - 6)))
    let byteCount = TestZip.field(UInt64(littleEndian(file, file.count - 10)))
    var record = TestZip.field(0x0606_4B50 as UInt32) + TestZip.field(44 as UInt64)
    record += [45, 0, 45, 0] + TestZip.field(0 as UInt64)
    record += TestZip.field(3 as UInt64) + TestZip.field(3 as UInt64) + byteCount + directoryOffset
    var locator = TestZip.field(0x0706_4B50 as UInt32) + [0, 0, 0, 0]
    locator += TestZip.field(UInt64(file.count - 22)) + [1, 0, 0, 0]
    change(&record, &locator)
    zip.beforeEnd = record + locator
    return zip
  }

  private static func littleEndian(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
  }

  /// A good archive with zip64 end records.
  static let goodZip64 = zip64 { _, _ in }.bytes()

  private static func zip64(
    _ name: String, _ change: (inout [UInt8], inout [UInt8]) -> Void
  )
    -> HostileZip
  {
    HostileZip(name, .zipStructure, bytes: zip64(change).bytes())
  }

  static let ends: [HostileZip] = [
    HostileZip("empty file", .zipStructure, bytes: []),
    HostileZip("magic only", .zipStructure, bytes: Array("PK\u{3}\u{4}".utf8)),
    HostileZip(
      "end record only", .zipStructure, bytes: [0x50, 0x4B, 5, 6] + Array(repeating: 0, count: 18)),
    HostileZip("cut in the middle", .zipStructure, bytes: Array(file.prefix(file.count / 2))),
    HostileZip("last byte missing", .zipStructure, bytes: Array(file.dropLast())),
    HostileZip(
      "tail of zeros", .zipStructure, bytes: file.dropLast(64) + Array(repeating: 0, count: 64)),
    HostileZip("a zero after the end", .zipStructure) { $0.afterEnd = [0] },
    HostileZip("text after the end", .zipStructure) { $0.afterEnd = Array("text".utf8) },
    HostileZip("archive comment", .zipStructure) {
      $0.endPatch = [20: 4]
      $0.afterEnd = Array("text".utf8)
    },
    HostileZip("end record inside a comment", .zipStructure) {
      $0.endPatch = [20: 22]
      $0.afterEnd = fakeEnd
    },
    HostileZip("comment that is not there", .zipStructure) { $0.endPatch = [20: 1] },
    HostileZip("count too small", .zipStructure) { $0.endPatch = [8: 2, 10: 2] },
    HostileZip("count too large", .zipStructure) { $0.endPatch = [8: 4, 10: 4] },
    HostileZip("count of 65534", .zipStructure) {
      $0.endPatch = [8: 0xFE, 9: 0xFF, 10: 0xFE, 11: 0xFF]
    },
    HostileZip("two counts", .zipStructure) { $0.endPatch = [8: 2] },
    HostileZip("second disk", .zipStructure) { $0.endPatch = [4: 1] },
    HostileZip("directory offset too small", .zipStructure) { $0.endPatch = [16: 1] },
    HostileZip("directory offset past the end", .zipStructure) { $0.endPatch = [19: 0x7F] },
    HostileZip("directory size too large", .zipStructure) { $0.endPatch = [15: 0x7F] },
    HostileZip("zip64 sentinel without zip64 records", .zipStructure) {
      $0.endPatch = [16: 0xFF, 17: 0xFF, 18: 0xFF, 19: 0xFF]
    },
    zip64("zip64 locator before itself") { $1[8] = 0 },
    zip64("zip64 locator to itself") { record, locator in
      let own = UInt64(file.count - 22 + record.count)
      locator.replaceSubrange(8..<16, with: TestZip.field(own))
    },
    zip64("zip64 locator wild") { $1[15] = 0x7F },
    zip64("zip64 locator at 2^64 - 1") {
      $1.replaceSubrange(8..<16, with: Array(repeating: 0xFF, count: 8))
    },
    zip64("zip64 locator of two disks") { $1[16] = 2 },
    zip64("zip64 count disagrees") { record, _ in record[32] = 4 },
    zip64("zip64 counts disagree with each other") { record, _ in record[24] = 4 },
    zip64("zip64 directory size of 2^63") { record, _ in record[47] = 0x80 },
    zip64("zip64 directory offset disagrees") { record, _ in record[48] ^= 1 },
    zip64("zip64 record with a longer size") { record, _ in record[4] = 45 },
    zip64("zip64 record on another disk") { record, _ in record[16] = 1 },
    HostileZip("junk before the directory", .zipStructure) { $0.gap = [0] },
    HostileZip("junk after the directory", .zipStructure) { $0.beforeEnd = [0] },
    HostileZip("junk between members", .zipStructure) { $0["a/version"].tail = [0, 0] },
    HostileZip("a member that is not in the directory", .zipStructure) {
      $0["a/version"].isInDirectory = false
    },
    HostileZip("junk in front", .zipStructure, bytes: [0] + file),
    HostileZip("a script in front", .zipStructure) { zip in
      zip.members.insert(TestZip.Member("a/hidden", Array("#!/bin/sh\n".utf8)), at: 0)
      zip["a/hidden"].isInDirectory = false
    },
  ]

  static let entries: [HostileZip] =
    [
      HostileZip("zip64 extra missing", .zipStructure) {
        $0["a/data/0"].byteCount = .max
        $0["a/data/0"].compressedByteCount = .max
      },
      HostileZip("zip64 extra too short", .zipStructure) {
        $0["a/data/0"].byteCount = .max
        $0["a/data/0"].compressedByteCount = .max
        $0["a/data/0"].centralExtra = [1, 0, 8, 0] + TestZip.field(16 as UInt64)
      },
      HostileZip("zip64 size of 2^63", .zipStructure) {
        $0["a/data/0"].byteCount = .max
        $0["a/data/0"].centralExtra = [1, 0, 8, 0] + TestZip.field(UInt64(1) << 63)
      },
      HostileZip("zip64 size of 16 GiB", .zipStructure) {
        $0["a/data/0"].byteCount = .max
        $0["a/data/0"].compressedByteCount = .max
        $0["a/data/0"].centralExtra =
          [1, 0, 16, 0] + TestZip.field(UInt64(1) << 34) + TestZip.field(UInt64(1) << 34)
      },
      HostileZip("zip64 extra twice", .zipStructure) {
        $0["a/data/0"].byteCount = .max
        let extra = [1, 0, 8, 0] + TestZip.field(16 as UInt64)
        $0["a/data/0"].centralExtra = extra + extra
      },
      HostileZip("zip64 extra that nothing needs", .zipStructure) {
        $0["a/data/0"].centralExtra = [1, 0, 8, 0] + TestZip.field(16 as UInt64)
      },
      HostileZip("extra field overrun", .zipStructure) {
        $0["a/data/0"].centralExtra = [0x46, 0x42, 100, 0, 1]
      },
      HostileZip("extra field of 3 bytes", .zipStructure) {
        $0["a/data/0"].centralExtra = [1, 2, 3]
      },
      HostileZip("header offset past the end", .zipStructure) {
        $0["a/data/0"].headerOffset = 1 << 30
      },
      HostileZip("header offset into data", .zipStructure) { $0["a/data/0"].headerOffset = 40 },
      HostileZip("two entries with one local header", .zipStructure) {
        $0["a/data/0"].headerOffset = 0
      },
      HostileZip("quoted overlap", .zipStructure) {
        // The version's data is two bytes and the whole of the member after it.
        let count: UInt32 = 2 + 30 + 8 + 16
        $0["a/version"].byteCount = count
        $0["a/version"].compressedByteCount = count
      },
      HostileZip("encrypted", .zipStructure) { $0["a/data/0"].flags = 1 },
      HostileZip("strongly encrypted", .zipStructure) { $0["a/data/0"].flags = 0x41 },
      HostileZip("masked headers", .zipStructure) { $0["a/data/0"].flags = 0x2000 },
      HostileZip("reserved flag", .zipStructure) { $0["a/data/0"].flags = 0x8000 },
      HostileZip("entry on another disk", .zipStructure) { $0["a/data/0"].diskStart = 1 },
      HostileZip("entry with a comment", .zipStructure) { $0["a/data/0"].comment = [65] },
    ]
    + [1, 9, 12, 14, 93, 99].map { method in
      HostileZip("method \(method)", .zipStructure) { $0["a/data/0"].method = method }
    }

  static let locals: [HostileZip] =
    [
      ("signature", 0, 0x51), ("flags", 7, 0x08), ("method", 8, 8), ("CRC", 14, 0),
      ("compressed size", 18, 15), ("size", 22, 17), ("name length", 26, 7),
      ("extra length", 28, 4),
      ("name", 30, UInt8(ascii: "b")),
    ].map { name, position, byte in
      HostileZip("local header with another \(name)", .zipStructure) {
        $0["a/data/0"].localPatch = [position: byte]
      }
    } + [
      HostileZip("descriptor missing", .zipStructure) { $0["a/data/0"].flags = 8 },
      HostileZip("descriptor with another CRC", .zipStructure) {
        $0["a/data/0"].flags = 8
        $0["a/data/0"].tail = TestZip.field(1 as UInt32) + [16, 0, 0, 0, 16, 0, 0, 0]
      },
      HostileZip("descriptor with another size", .zipStructure) {
        $0["a/data/0"].flags = 8
        $0["a/data/0"].tail = TestZip.field(TestZip.crc32(storage)) + [16, 0, 0, 0, 15, 0, 0, 0]
      },
      HostileZip("descriptor without its flag", .zipStructure) {
        $0["a/data/0"].tail = TestZip.field(TestZip.crc32(storage)) + [16, 0, 0, 0, 16, 0, 0, 0]
      },
      HostileZip("local size only in an extra field that lies", .zipStructure) {
        for position in 18..<26 { $0["a/data/0"].localPatch[position] = 0xFF }
        $0["a/data/0"].localExtra =
          [1, 0, 16, 0] + TestZip.field(16 as UInt64) + TestZip.field(17 as UInt64)
      },
    ]
}
