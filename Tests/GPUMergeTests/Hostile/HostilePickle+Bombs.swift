import CZlib
import GPUMerge

// Small archives that unfold to large ones.
extension HostilePickle {
  private typealias P = TestPickle

  /// Refused for what they unfold to, long before it is all there.
  static let bombs: [HostileCost.Case] = [
    bomb(
      "5,000,000 tensors of 64 dimensions", .pickleDepth, P.mark + shared + many(call, 5_000_000)),
    bomb("40,000,000 dicts", .pickleDepth, P.mark + many(P.emptyDict, 40_000_000)),
    bomb(
      "bytes of 250 MiB", .pickleDepth,
      [0x42] + TestZip.field(UInt32(250 << 20)) + many([0], 250 << 20)),
  ]

  /// The function and its arguments, left in the memo.
  private static let shared: [UInt8] = {
    let ones = P.ints(Array(repeating: 1, count: 64))
    return P.global("torch._utils", "_rebuild_tensor_v2") + [0x71, 0]
      + P.tuple(P.storage(), P.int(0), ones, ones, P.no, P.orderedDict) + [0x71, 1]
  }()

  private static let call: [UInt8] = [0x68, 0, 0x68, 1] + P.reduce

  private static func many(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    guard bytes.count > 1 else { return Array(repeating: bytes[0], count: count) }
    var block: [UInt8] = []
    for _ in 0..<1000 { block += bytes }
    var all: [UInt8] = []
    for _ in 0..<count / 1000 { all += block }
    return all
  }

  private static func bomb(
    _ name: String, _ kind: GPUMergeError.Kind, _ object: [UInt8]
  ) -> HostileCost.Case {
    var zip = TestZip.checkpoint([], storages: [("0", Array(repeating: 1, count: 16))])
    zip["a/data.pkl"] = deflated("a/data.pkl", P.pickle(object))
    return HostileCost.Case(name, kind, zip.bytes())
  }

  /// A good archive of so many storages, all compressed.
  static func archive(memberCount: Int) -> [UInt8] {
    let entries = (0..<memberCount).flatMap { index in
      P.string("t\(index)") + P.tensor(storage: P.storage(key: P.string("\(index)")))
    }
    var zip = TestZip.checkpoint(
      P.pickle(P.emptyDict + P.mark + entries + [0x75]), storages: [])
    let data = deflated("", Array(repeating: 1, count: 16))
    for index in 0..<memberCount {
      var member = data
      member.name = Array("a/data/\(index)".utf8)
      zip.members.append(member)
    }
    return zip.bytes()
  }

  private static func deflated(_ name: String, _ bytes: [UInt8]) -> TestZip.Member {
    var bytes = bytes
    var output = [UInt8](repeating: 0, count: bytes.count / 100 + 1000)
    var stream = z_stream()
    deflateInit2_(
      &stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      CInt(MemoryLayout<z_stream>.size))
    let crc = bytes.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        deflate(&stream, Z_FINISH)
        return crc32(0, input.baseAddress, UInt32(input.count))
      }
    }
    deflateEnd(&stream)
    var member = TestZip.Member(
      name, Array(output.prefix(Int(stream.total_out))), method: 8, plain: [])
    member.byteCount = UInt32(bytes.count)
    member.crc = UInt32(crc)
    return member
  }
}
