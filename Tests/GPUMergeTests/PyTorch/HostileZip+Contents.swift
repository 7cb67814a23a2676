import GPUMerge

// Archives whose members are named wrongly, missing or damaged.
extension HostileZip {
  private static func renamed(_ name: String) -> (inout TestZip) -> Void {
    { $0["a/data/0"].name = Array(name.utf8) }
  }

  private static func extra(_ name: String) -> (inout TestZip) -> Void {
    { $0.members.append(TestZip.Member(name, [])) }
  }

  static let names: [HostileZip] = [
    HostileZip("duplicate member", .zipDuplicate) {
      $0.members.append(TestZip.Member("a/data/0", Array(2...17)))
    },
    HostileZip("names that differ in case", .zipDuplicate, extra("a/DATA.PKL")),
    HostileZip("DATA.PKL only", .zipStructure) { $0["a/data.pkl"].name = Array("a/DATA.PKL".utf8) },
    HostileZip("name with ..", .zipPath, extra("a/../../x")),
    HostileZip("name with .", .zipPath, extra("a/./x")),
    HostileZip("absolute name", .zipPath, extra("/a/x")),
    HostileZip("two slashes", .zipPath, extra("a//x")),
    HostileZip("drive", .zipPath, extra("C:/x")),
    HostileZip("backslash", .zipPath, extra("a\\x")),
    HostileZip("NUL", .zipPath, extra("a/x\0y")),
    HostileZip("line break", .zipPath, extra("a/x\ny")),
    HostileZip("empty name", .zipPath, extra("")),
    HostileZip(
      "name of 60,000 bytes", .zipPath, extra("a/" + String(repeating: "x", count: 60_000))),
    HostileZip("name that is not UTF-8", .zipPath) {
      var member = TestZip.Member("", [])
      member.name = [0x61, 0x2F, 0xFF]
      $0.members.append(member)
    },
    HostileZip("symbolic link", .zipPath) { $0["a/data/0"].unixMode = 0xA1FF },
    HostileZip("second name in the extra field", .zipPath) {
      $0["a/data/0"].centralExtra =
        [0x75, 0x70, 13, 0, 1, 0, 0, 0, 0] + Array("a/data/1".utf8)
    },
    HostileZip("weights marked as a folder", .zipStructure) {
      $0["a/data/0"].dosAttributes = 0x10
    },
    HostileZip("folder with data", .zipStructure) {
      $0.members.append(TestZip.Member("a/folder/", [1]))
    },
    HostileZip("no top folder", .zipStructure) {
      for index in $0.members.indices { $0.members[index].name.removeFirst(2) }
    },
    HostileZip("two top folders", .zipStructure, extra("b/x")),
    HostileZip("top folder that only begins alike", .zipStructure, extra("ab/x")),
    HostileZip("no data.pkl", .zipStructure) { $0["a/data.pkl"].name = Array("a/other.pkl".utf8) },
    HostileZip("no version", .zipStructure) { $0["a/version"].name = Array("a/versions".utf8) },
    HostileZip("version 0", .zipStructure) { $0["a/version"].data = Array("0\n".utf8) },
    HostileZip("version 11", .zipStructure) { $0["a/version"].data = Array("11\n".utf8) },
    HostileZip("version of text", .zipStructure) { $0["a/version"].data = Array("three".utf8) },
    HostileZip("version of 1 MB", .zipStructure) {
      $0["a/version"].data = Array(repeating: UInt8(ascii: "3"), count: 1 << 20)
    },
    HostileZip("byte order of text", .zipStructure) {
      $0.members.append(TestZip.Member("a/byteorder", Array("middle".utf8)))
    },
    HostileZip("storage in another case", .storageMissing, renamed("a/Data/0")),
    HostileZip("TorchScript", .unsupportedFormat, extra("a/constants.pkl")),
    HostileZip("TorchScript code", .unsupportedFormat, extra("a/code/x.py")),
    HostileZip("npz", .unsupportedFormat, extra("weight.npy")),
    HostileZip("docx", .unsupportedFormat, extra("[Content_Types].xml")),
    HostileZip("torch.export", .unsupportedFormat, extra("a/archive_format")),
    HostileZip("Keras", .unsupportedFormat, extra("model.weights.h5")),
    HostileZip("PyTorch 1.4", .unsupportedFormat, extra("a/tensors/0")),
    HostileZip("no members", .zipStructure) { $0.members = [] },
  ]

  static let contents: [HostileZip] = [
    HostileZip("flipped bit in the weights", .zipCRC) {
      $0["a/data/0"].crc = TestZip.crc32(storage)
      $0["a/data/0"].data[7] ^= 1
    },
    HostileZip("wrong CRC of the weights", .zipCRC) { $0["a/data/0"].crc = 1 },
    HostileZip("wrong CRC of data.pkl", .zipCRC) { $0["a/data.pkl"].crc = 1 },
    HostileZip("wrong CRC of the version", .zipCRC) { $0["a/version"].crc = 1 },
    HostileZip("wrong CRC of a note", .zipCRC) {
      var note = TestZip.Member("a/.data/serialization_id", Array("0123".utf8))
      note.crc = 1
      $0.members.append(note)
    },
    HostileZip("CRC that is not 0 for no bytes", .zipCRC) {
      let tensor = TestPickle.tensor(
        storage: TestPickle.storage(count: TestPickle.int(0)), size: TestPickle.ints([0]))
      $0["a/data.pkl"].data = TestPickle.pickle(TestPickle.stateDict(tensor))
      $0["a/data/0"].data = []
      $0["a/data/0"].crc = 1
    },
    HostileZip("wrong CRC of compressed weights", .zipCRC) {
      $0["a/data/0"] = deflated(deflateStream)
      $0["a/data/0"].crc = 1
    },
    HostileZip("deflate: garbage", .zipStructure) {
      $0["a/data/0"] = deflated(Array(repeating: 0xFF, count: 20))
    },
    HostileZip("deflate: cut", .zipStructure) {
      $0["a/data/0"] = deflated(deflateStream.dropLast())
    },
    HostileZip("deflate: no bytes", .zipStructure) { $0["a/data/0"] = deflated([]) },
    HostileZip("deflate: end missing", .zipStructure) {
      $0["a/data/0"] = deflated([0] + deflateStream.dropFirst())
    },
    HostileZip("deflate: bytes after the end", .zipStructure) {
      $0["a/data/0"] = deflated(deflateStream + [0])
    },
    HostileZip("deflate: too short", .zipStructure) {
      $0["a/data/0"] = deflated([1, 15, 0, 0xF0, 0xFF] + storage.dropLast())
    },
    HostileZip("deflate: too long", .zipStructure) {
      $0["a/data/0"] = deflated([1, 17, 0, 0xEE, 0xFF] + storage + [0])
    },
    HostileZip("bomb: 512 MiB storage for 4 floats", .storageSize) {
      $0["a/data/0"] = deflated(Array(repeating: 0, count: 1 << 20))
      $0["a/data/0"].byteCount = 512 << 20
    },
    HostileZip("bomb: more than deflate can expand", .zipStructure) {
      $0["a/data/0"] = deflated(deflateStream)
      $0["a/data/0"].byteCount = 512 << 20
    },
    HostileZip("bomb: 512 MiB data.pkl", .zipStructure) {
      $0["a/data.pkl"] = TestZip.Member(
        "a/data.pkl", Array(repeating: 0, count: 1 << 20), method: 8, plain: pickle)
      $0["a/data.pkl"].byteCount = 512 << 20
    },
    HostileZip("storage missing", .storageMissing, renamed("a/data/1")),
    HostileZip("storage short", .storageSize) { $0["a/data/0"].data.removeLast() },
    HostileZip("storage long", .storageSize) { $0["a/data/0"].data.append(0) },
    HostileZip("storage empty", .storageSize) { $0["a/data/0"].data = [] },
    HostileZip("storage that is a folder", .storageMissing) {
      $0["a/data/0"] = TestZip.Member("a/data/0", [])
      $0["a/data/0"].name.append(UInt8(ascii: "/"))
    },
  ]
}
