/// A zip archive that has the members of a PyTorch checkpoint.
struct TorchArchive: StorageContainer {
  let archive: ZipArchive
  let isBigEndian: Bool
  private var membersByPath: [[UInt8]: ZipMember] = [:]
  private static let noteByteCount = 4096
  private let room = DeflatedMember.room()

  init(_ archive: ZipArchive) throws(GPUMergeError) {
    self.archive = archive
    guard let first = archive.members.first else { throw zipFailure("it is empty") }
    let folder = first.name.prefix { $0 != ZipMember.folderMark } + [ZipMember.folderMark]
    for member in archive.members {
      guard member.name.starts(with: folder) else {
        throw zipFailure(
          "its members do not share one folder", member: member.displayName)
      }
      if !member.isFolder { membersByPath[Array(member.name.dropFirst(folder.count))] = member }
    }
    let order = try Self.text("byteorder", archive, membersByPath, limit: 16) ?? "little"
    guard order == "little" || order == "big" else {
      throw zipFailure(
        "its byte order is '\(escaped(order))', not little or big", member: "byteorder")
    }
    isBigEndian = order == "big"
    try checkVersion()
    try checkNotes(below: folder.count)
  }

  /// Reads the object and finds its storages.
  func content(options: ReadingOptions) throws(GPUMergeError) -> TorchContent {
    guard let member = self["data.pkl"] else {
      throw zipFailure("it has no data.pkl, which describes the tensors")
    }
    let pickle = try archive.contents(of: member, limit: options.limits.pickleByteCount)
    var machine = PickleMachine(
      pickle, member: "data.pkl", storedByteCount: member.compressedByteCount, options: options)
    let top = try machine.run()
    var content = TorchContent(
      arena: machine.arena, top: top, storages: try StorageTable(machine.arena, in: self),
      isBigEndian: isBigEndian)
    if uncheckedCount > 0 {
      content.warnings.append(
        "\(uncheckedCount) members have no CRC-32, so damage in them goes unnoticed")
    }
    return content
  }

  /// The member at a path below the archive's folder; a lookup in a table, never in a file system.
  private subscript(path: String) -> ZipMember? { membersByPath[Array(path.utf8)] }

  private func storage(_ key: [UInt8]) -> ZipMember? { membersByPath[Array("data/".utf8) + key] }

  func byteCount(ofStorage key: [UInt8]) -> Int? { storage(key)?.byteCount }

  func source(ofStorage key: [UInt8]) throws(GPUMergeError) -> any ByteSource {
    guard let member = storage(key) else {
      throw GPUMergeError(.storageMissing, "a storage is not in the archive")
    }
    if member.isDeflated { return try DeflatedMember(member, in: archive.file, through: room) }
    return StoredMember(member, in: archive.file)
  }

  var storageCount: Int { membersByPath.keys.count { $0.starts(with: "data/".utf8) } }

  /// All members that matter and whose CRC-32 was never computed.
  private var uncheckedCount: Int { membersByPath.values.count { !$0.hasCRC } }

  private func checkVersion() throws(GPUMergeError) {
    var isVersioned = false
    for path in ["version", ".data/version"] {
      guard let text = try Self.text(path, archive, membersByPath, limit: 16) else { continue }
      isVersioned = true
      guard let version = Int(text), (1...10).contains(version) else {
        throw zipFailure("its version is '\(escaped(text))', not one from 1 to 10", member: path)
      }
    }
    guard isVersioned else {
      throw zipFailure("it has no version")
    }
  }

  /// Checks the CRC-32 of small members that hold no tensors, such as the serialization id: damage in
  /// what nobody reads is a sign of more.
  private func checkNotes(below folderByteCount: Int) throws(GPUMergeError) {
    for member in archive.members where member.byteCount <= Self.noteByteCount {
      let path = member.name.dropFirst(folderByteCount)
      guard !member.isFolder, !path.starts(with: "data/".utf8) else { continue }
      _ = try archive.contents(of: member, limit: Self.noteByteCount)
    }
  }

  /// The text of a small member without the line's end, or nil if there is no such member.
  private static func text(
    _ path: String, _ archive: ZipArchive, _ members: [[UInt8]: ZipMember], limit: Int
  ) throws(GPUMergeError) -> String? {
    guard let member = members[Array(path.utf8)] else { return nil }
    var bytes = try archive.contents(of: member, limit: limit)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
