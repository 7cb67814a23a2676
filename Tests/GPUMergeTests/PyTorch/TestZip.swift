/// A zip archive built by hand, so that it can lie in every field.
struct TestZip {
  struct Member {
    var name: [UInt8]
    var data: [UInt8]
    /// What the data is once decompressed, if it is compressed.
    var plain: [UInt8]?
    var method: UInt16
    var flags: UInt16 = 0
    var crc: UInt32?
    var byteCount: UInt32?
    var compressedByteCount: UInt32?
    var unixMode: UInt32 = 0
    var dosAttributes: UInt8 = 0
    var centralExtra: [UInt8] = []
    var localExtra: [UInt8] = []
    var headerOffset: UInt32?
    var diskStart: UInt16 = 0
    var comment: [UInt8] = []
    /// After the data, such as a data descriptor.
    var tail: [UInt8] = []
    /// Changes to the finished local header.
    var localPatch: [Int: UInt8] = [:]
    var isInDirectory = true

    init(_ name: String, _ data: [UInt8], method: UInt16 = 0, plain: [UInt8]? = nil) {
      self.name = Array(name.utf8)
      self.data = data
      self.method = method
      self.plain = plain
    }
  }

  var members: [Member] = []
  /// Bytes between the last member and the directory.
  var gap: [UInt8] = []
  /// Changes to the end record, by position in it.
  var endPatch: [Int: UInt8] = [:]
  /// Between the directory and the end record.
  var beforeEnd: [UInt8] = []
  var afterEnd: [UInt8] = []

  /// A checkpoint of this pickle and these storages.
  static func checkpoint(_ pickle: [UInt8], storages: [(String, [UInt8])]) -> TestZip {
    var zip = TestZip()
    zip.members.append(Member("a/data.pkl", pickle))
    zip.members.append(Member("a/version", Array("3\n".utf8)))
    for (key, bytes) in storages { zip.members.append(Member("a/data/\(key)", bytes)) }
    return zip
  }

  subscript(name: String) -> Member {
    get { members.first { $0.name == Array(name.utf8) } ?? Member(name, []) }
    set {
      if let index = members.firstIndex(where: { $0.name == Array(name.utf8) }) {
        members[index] = newValue
      }
    }
  }

  func bytes() -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    var count: UInt16 = 0
    for member in members {
      if member.isInDirectory {
        directory += Self.entry(of: member, at: file.count)
        count += 1
      }
      file += Self.header(of: member) + member.data + member.tail
    }
    file += gap
    var end =
      Self.field(0x0605_4B50 as UInt32) + [0, 0, 0, 0] + Self.field(count) + Self.field(count)
    end += Self.field(UInt32(directory.count)) + Self.field(UInt32(file.count)) + [0, 0]
    for (position, byte) in endPatch { end[position] = byte }
    return file + directory + beforeEnd + end + afterEnd
  }

  static func field<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func common(_ member: Member) -> [UInt8] {
    let plain = member.plain ?? member.data
    return [20, 0] + field(member.flags) + field(member.method) + [0, 0, 0x21, 0]
      + field(member.crc ?? crc32(plain))
      + field(member.compressedByteCount ?? UInt32(member.data.count))
      + field(member.byteCount ?? UInt32(plain.count)) + field(UInt16(member.name.count))
  }

  private static func header(of member: Member) -> [UInt8] {
    var header = field(0x0403_4B50 as UInt32) + common(member)
    header += field(UInt16(member.localExtra.count)) + member.name + member.localExtra
    for (position, byte) in member.localPatch { header[position] = byte }
    return header
  }

  private static func entry(of member: Member, at offset: Int) -> [UInt8] {
    var entry = field(0x0201_4B50 as UInt32) + [20, 3] + common(member)
    entry += field(UInt16(member.centralExtra.count)) + field(UInt16(member.comment.count))
    entry += field(member.diskStart) + [0, 0]
    entry += field(member.unixMode << 16 | UInt32(member.dosAttributes))
    entry += field(member.headerOffset ?? UInt32(offset)) + member.name + member.centralExtra
    return entry + member.comment
  }

  /// CRC-32 bit by bit, to be independent of the library's.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0 as UInt32) { crc, byte in
      crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
    }
  }

  private static let table: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
    }
  }
}
