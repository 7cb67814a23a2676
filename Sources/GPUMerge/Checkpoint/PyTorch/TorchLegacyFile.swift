/// A checkpoint in the format that `torch.save` wrote until PyTorch 1.5, and still does if asked.
///
/// Five pickles follow each other: a magic number, the version of the format, facts about the machine,
/// the object, and the list of its storages. The storages' bytes come after them.
struct TorchLegacyFile {
  private let file: InputFile
  private let options: ReadingOptions
  /// Where the next pickle starts.
  private var position: Int

  private static let version = 1001

  /// The number 0x1950a86a20f9469cfc6c as a pickle, without its protocol.
  private static let magic: [UInt8] = [
    0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  /// The first bytes of all such files, one for each protocol that pickles can have; since protocol
  /// 4 a frame is around it.
  private static let marks: [[UInt8]] =
    [2, 3].map { [0x80, $0] + magic }
    + [4, 5].map { [0x80, $0, 0x95, UInt8(magic.count), 0, 0, 0, 0, 0, 0, 0] + magic }

  /// How many bytes `matches` needs, unless the file has fewer.
  static let prefixByteCount = 24

  /// Whether a file that begins with `prefix` has this format.
  static func matches(_ prefix: [UInt8]) -> Bool { marks.contains { prefix.starts(with: $0) } }

  /// Reads what stands before the object of a file that has this format.
  init(_ file: InputFile, options: ReadingOptions) throws(GPUMergeError) {
    self.file = file
    self.options = options
    let prefix = try file.bytes(at: 0, count: min(Self.prefixByteCount, file.byteCount))
    position = Self.marks.first { prefix.starts(with: $0) }?.count ?? 0
    let versionOffset = position
    var (arena, top) = try nextPickle(limit: 1024)
    guard arena.int(top) == Self.version else {
      throw GPUMergeError(
        .unsupportedFormat, "the version of the format is not \(Self.version)",
        offset: versionOffset, advice: GPUMergeError.Kind.rewrite)
    }
    let systemOffset = position
    (arena, top) = try nextPickle(limit: 4096)
    guard Self.isSystem(top, arena) else {
      throw GPUMergeError(
        .notACheckpoint, "the description of the machine that wrote the file is not PyTorch's",
        offset: systemOffset, advice: GPUMergeError.Kind.rewrite)
    }
  }

  /// Reads the object and finds its storages.
  mutating func content() throws(GPUMergeError) -> TorchContent {
    // The machine counts bytes in 32 bits.
    let limit = min(options.limits.pickleByteCount, Int(Int32.max) - 1)
    let (arena, top) = try nextPickle(limit: limit)
    let keysOffset = position
    let (keyArena, keyList) = try nextPickle(limit: limit)
    guard case .list(let index) = keyArena[keyList] else {
      throw GPUMergeError(
        .pickleStack, "the list of storages is \(keyArena.kindName(keyList)), not a list",
        offset: keysOffset)
    }
    var keys: [[UInt8]] = []
    for key in keyArena.lists[Int(index)] {
      guard let utf8 = keyArena.utf8(key) else {
        throw GPUMergeError(
          .pickleStack, "\(keyArena.kindName(key)) is in the list of storages", offset: keysOffset)
      }
      keys.append(Array(utf8))
    }
    let container = try TorchLegacyStorages(file, at: position, keys: keys, of: arena)
    return TorchContent(
      arena: arena, top: top, storages: try StorageTable(arena, in: container))
  }

  private mutating func nextPickle(
    limit: Int
  ) throws(GPUMergeError) -> (arena: PickleArena, top: NodeID) {
    let stream = PickleStream(file: file, start: position, limit: limit)
    var machine = PickleMachine(stream, options: options)
    let top = try machine.run()
    position += machine.position
    return (machine.arena, top)
  }

  /// Whether this is what PyTorch says about the machine: the sizes of C types and its byte order.
  ///
  /// The storages are little-endian whatever it says.
  private static func isSystem(_ top: NodeID, _ arena: PickleArena) -> Bool {
    func value(_ key: String, _ dictionary: PickleDictionary) -> NodeID? {
      arena.value(of: key, in: dictionary)
    }
    guard let system = arena.dictionary(top), system.entries.count == 3,
      value("protocol_version", system).flatMap(arena.int) == version,
      let isLittleEndian = value("little_endian", system), case .bool = arena[isLittleEndian],
      let sizes = value("type_sizes", system).flatMap(arena.dictionary), sizes.entries.count == 3,
      value("short", sizes).flatMap(arena.int) == 2, value("int", sizes).flatMap(arena.int) == 4,
      let long = value("long", sizes).flatMap(arena.int)
    else { return false }
    return long == 4 || long == 8
  }
}
