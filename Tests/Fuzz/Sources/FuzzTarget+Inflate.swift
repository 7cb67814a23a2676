import CZlib
@testable import GPUMerge

extension FuzzTarget {
  /// A compressed member: the first two bytes say what the archive gets wrong about its size, and where
  /// it is read.
  static let inflate = FuzzTarget("inflate") { bytes in
    guard bytes.count >= 2 else { return }
    let data = Array(bytes.dropFirst(2))
    let plain = inflated(data)
    let error = bytes[0] < 3 ? Int(bytes[0]) - 1 : 0
    let byteCount = max(0, (plain?.count ?? 100) + error)
    var member = ZipMember(
      name: Array("a/data/0".utf8), isDeflated: true, flags: 0, crc: 0,
      compressedByteCount: data.count, byteCount: byteCount, headerOffset: 0)
    member.dataOffset = 2
    let file = try MemoryFile(bytes).open()
    // An empty member has the CRC-32 0; others have none.
    let isGood = plain.map { $0.count == byteCount } == true
    let opened: DeflatedMember
    do throws(GPUMergeError) {
      opened = try DeflatedMember(member, in: file)
    } catch {
      require(!isGood, "it is refused: \(error)")
      throw error
    }
    guard isGood, let plain else { return require(false, "it is accepted") }
    require(try opened.bytes(at: 0, count: byteCount) == plain, "it is inflated to something else")
    let start = Int(bytes[1]) * byteCount / 256
    for range in [start..<byteCount, start / 2..<start, byteCount / 2..<byteCount] {
      require(
        try opened.bytes(at: range.lowerBound, count: range.count) == Array(plain[range]),
        "the part \(range) is something else")
    }
  }

  /// A whole stream, inflated in one call; nil if it is damaged, or longer than 256 KiB.
  private static func inflated(_ data: [UInt8]) -> [UInt8]? {
    var input = data
    var output = [UInt8](repeating: 0, count: 256 << 10)
    return input.withUnsafeMutableBytes { input in
      output.withUnsafeMutableBytes { output in
        var stream = z_stream()
        guard
          inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
            == Z_OK
        else { return nil }
        defer { inflateEnd(&stream) }
        stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(output.count)
        guard CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END, stream.avail_in == 0 else {
          return nil
        }
        return Array(output.prefix(output.count - Int(stream.avail_out)))
      }
    }
  }
}
