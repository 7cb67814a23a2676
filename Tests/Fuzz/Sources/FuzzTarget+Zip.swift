@testable import GPUMerge

extension FuzzTarget {
  /// The archive and its members, whatever they are for.
  static let zip = FuzzTarget("zip") { bytes in
    let file = try MemoryFile(bytes).open()
    let archive = try ZipArchive(file, limits: Limits())
    var end = 0
    for member in archive.members {
      require(member.headerOffset == end, "bytes before \(member.displayName) belong to nothing")
      require(
        member.dataOffset >= member.headerOffset + 30 + member.name.count,
        "\(member.displayName) begins in its header")
      end = member.dataOffset + member.compressedByteCount
      require(end <= bytes.count, "\(member.displayName) leaves the file")
      require(member.isDeflated || member.compressedByteCount == member.byteCount, "sizes differ")
      // At most a data descriptor follows.
      end =
        archive.members.first { $0.headerOffset >= end && $0.headerOffset <= end + 24 }?
        .headerOffset ?? end
      if let contents = try? archive.contents(of: member, limit: 1 << 20) {
        require(contents.count == member.byteCount, "\(member.displayName) has another size")
        require(!member.hasCRC || crc32(contents) == member.crc, "\(member.displayName) is damaged")
      }
    }
    let names = Set(archive.members.map(\.name))
    require(names.count == archive.members.count, "two members have one name")
  }

  /// CRC-32 bit by bit, to be independent of the library's.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0 as UInt32) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in
        value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
      }
    }
  }
}
