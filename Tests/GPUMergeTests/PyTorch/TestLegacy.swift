/// A checkpoint in PyTorch's format before 1.6, put together by hand, so that it can lie anywhere.
struct TestLegacy {
  private typealias P = TestPickle

  var magic: [UInt8] = [
    0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]
  var version = P.pickle(P.int(1001))
  var system = P.pickle(Self.system())
  var object = P.pickle(P.stateDict(Self.tensor()))
  var keys = P.pickle(Self.list(P.string("0")))
  var storages = Self.storage(count: 4, Array(1...16))

  func bytes() -> [UInt8] { magic + version + system + object + keys + storages }

  /// What is said about the machine, with anything exchanged for a lie.
  static func system(
    version: [UInt8] = P.int(1001), isLittleEndian: [UInt8] = P.yes,
    sizes: [UInt8] = Self.sizes(long: 4)
  ) -> [UInt8] {
    P.dict(
      (P.string("protocol_version"), version), (P.string("little_endian"), isLittleEndian),
      (P.string("type_sizes"), sizes))
  }

  static func sizes(short: Int = 2, int: Int = 4, long: Int) -> [UInt8] {
    P.dict(
      (P.string("short"), P.int(short)), (P.string("int"), P.int(int)),
      (P.string("long"), P.int(long)))
  }

  static func list(_ items: [UInt8]...) -> [UInt8] {
    P.emptyList + P.mark + items.joined() + [0x65]
  }

  /// A storage's count and bytes at the end of the file.
  static func storage(count: Int, _ data: [UInt8]) -> [UInt8] { TestZip.field(count) + data }

  /// The persistent id of a storage.
  static func storageID(
    _ type: [UInt8] = P.global("torch", "FloatStorage"), key: String = "0", count: Int = 4,
    view: [UInt8] = P.none
  ) -> [UInt8] {
    P.tuple(P.string("storage"), type, P.string(key), P.string("cpu"), P.int(count), view)
      + P.persistentID
  }

  static func view(_ key: String, _ offset: Int, _ count: Int) -> [UInt8] {
    P.tuple(P.string(key), P.int(offset), P.int(count))
  }

  static func tensor(_ storage: [UInt8] = Self.storageID(), count: Int = 4) -> [UInt8] {
    P.tensor(storage: storage, size: P.ints([count]))
  }
}
