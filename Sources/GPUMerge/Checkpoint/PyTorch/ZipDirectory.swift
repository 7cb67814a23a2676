/// Reads the central directory of a zip archive: what each member says about itself there.
struct ZipDirectory {
  private(set) var members: [ZipMember] = []

  private let bytes: [UInt8]
  /// Where `bytes` starts in the file.
  private let fileOffset: Int
  private let limits: Limits
  private var position = 0

  private static let signature: UInt32 = 0x0201_4B50
  private static let headerByteCount = 46
  /// Bits 1 and 2 (how hard the compressor tried), 3 (data descriptor) and 11 (names are UTF-8).
  private static let knownFlags: UInt16 = 0x080E
  /// What DOS marks folders with, in the lowest byte of the external attributes.
  private static let folderAttribute: UInt32 = 0x10

  init(of file: InputFile, at record: ZipEndRecord, limits: Limits) throws(GPUMergeError) {
    // Every tensor has at most one storage, and there is a handful of other members.
    guard record.memberCount <= limits.tensorCount + 1024,
      record.directoryByteCount <= limits.pickleByteCount
    else { throw zipFailure("it has too many members", at: record.directoryOffset) }
    self.limits = limits
    fileOffset = record.directoryOffset
    bytes = try file.bytes(at: record.directoryOffset, count: record.directoryByteCount)
    for _ in 0..<record.memberCount {
      members.append(try nextMember())
    }
    guard position == bytes.count else { throw failure("the directory holds other bytes too") }
  }

  private func failure(_ problem: String, member: String? = nil) -> GPUMergeError {
    zipFailure(problem, member: member, at: fileOffset + position)
  }

  private mutating func nextMember() throws(GPUMergeError) -> ZipMember {
    guard bytes.count - position >= Self.headerByteCount,
      bytes.integer(UInt32.self, at: position) == Self.signature
    else { throw failure("the directory entry is malformed") }
    let nameStart = position + Self.headerByteCount
    let extraStart = nameStart + Int(bytes.integer(UInt16.self, at: position + 28))
    let end = extraStart + Int(bytes.integer(UInt16.self, at: position + 30))
    guard end <= bytes.count else { throw failure("the directory entry is cut off") }
    let name = Array(bytes[nameStart..<extraStart])
    try checkName(name)
    let member = try member(named: name, extra: Array(bytes[extraStart..<end]))
    position = end
    return member
  }

  private func member(named name: [UInt8], extra: [UInt8]) throws(GPUMergeError) -> ZipMember {
    var member = ZipMember(
      name: name, isDeflated: bytes.integer(UInt16.self, at: position + 10) == 8,
      flags: bytes.integer(UInt16.self, at: position + 8),
      crc: bytes.integer(UInt32.self, at: position + 16),
      compressedByteCount: Int(bytes.integer(UInt32.self, at: position + 20)),
      byteCount: Int(bytes.integer(UInt32.self, at: position + 24)),
      headerOffset: Int(bytes.integer(UInt32.self, at: position + 42)))
    let shown = member.displayName
    try checkKind(of: member)
    guard bytes.integer(UInt16.self, at: position + 32) == 0,
      bytes.integer(UInt16.self, at: position + 34) == 0
    else { throw failure("the entry has a comment or lies in another file", member: shown) }
    guard let fields = ZipExtraField.fields(of: extra) else {
      throw failure("the entry's extra field is malformed", member: shown)
    }
    for field in fields where field.isUnicodePath && field.content.dropFirst(5) != name[...] {
      throw GPUMergeError(.zipPath, "the entry has two names", subject: shown)
    }
    let zip64 = fields.filter(\.isZip64)
    guard zip64.count <= 1, member.apply(zip64: zip64.first?.content) else {
      throw failure("the entry's zip64 sizes are malformed", member: shown)
    }
    guard Self.hasPossibleSizes(member) else {
      throw failure("the entry's sizes are impossible", member: shown)
    }
    return member
  }

  private func checkKind(of member: ZipMember) throws(GPUMergeError) {
    let method = bytes.integer(UInt16.self, at: position + 10)
    guard method == 0 || method == 8 else {
      throw failure("compression method \(method) is none of PyTorch's", member: member.displayName)
    }
    guard member.flags & ~Self.knownFlags == 0 else {
      throw failure(
        member.flags & 1 != 0 ? "the member is encrypted" : "the entry has unknown flags",
        member: member.displayName)
    }
    let attributes = bytes.integer(UInt32.self, at: position + 38)
    // PyTorch's own reader takes what has this mark for a folder, and reads nothing.
    guard attributes & Self.folderAttribute == 0 || member.isFolder else {
      throw failure("the member is marked as a folder", member: member.displayName)
    }
    guard attributes >> 16 & 0xF000 != 0xA000 else {
      throw GPUMergeError(
        .zipPath, "the member is a symbolic link", subject: member.displayName,
        offset: fileOffset + position)
    }
  }

  private static func hasPossibleSizes(_ member: ZipMember) -> Bool {
    if member.isFolder { return member.byteCount == 0 && member.compressedByteCount == 0 }
    guard member.isDeflated else { return member.byteCount == member.compressedByteCount }
    // Deflate cannot shrink anything to less than 1/1032.
    return member.byteCount / 1032 <= member.compressedByteCount
  }

  /// Refuses names that could mean something else to another program, though nothing is extracted.
  private func checkName(_ name: [UInt8]) throws(GPUMergeError) {
    var problem: String?
    if name.isEmpty { problem = "a member has no name" }
    if name.count > limits.memberNameByteCount { problem = "a member's name is too long" }
    if String(validating: name, as: UTF8.self) == nil { problem = "a name is not valid UTF-8" }
    if name.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) {
      problem = "a member's name contains a backslash or control character"
    }
    var components = name.split(separator: ZipMember.folderMark, omittingEmptySubsequences: false)
    if components.last?.isEmpty == true { components.removeLast() }
    if components.contains(where: { $0.count <= 2 && $0.allSatisfy { $0 == UInt8(ascii: ".") } }) {
      problem = "a member's name is absolute or leads out of the archive"
    }
    if name.count > 1, name[1] == UInt8(ascii: ":") { problem = "a member's name has a drive" }
    guard let problem else { return }
    throw GPUMergeError(
      .zipPath, problem, subject: String(decoding: name, as: UTF8.self),
      offset: fileOffset + position)
  }
}

extension ZipMember {
  /// Takes the numbers that did not fit into 32 bits from the zip64 extra field, which must have
  /// exactly those.
  ///
  /// Returns whether it did, and all are possible.
  fileprivate mutating func apply(zip64 content: [UInt8]?) -> Bool {
    let needed = [byteCount, compressedByteCount, headerOffset].filter { $0 == 0xFFFF_FFFF }
    guard let content else { return needed.isEmpty }
    guard !needed.isEmpty, content.count == 8 * needed.count else { return false }
    var position = 0
    for field in [\ZipMember.byteCount, \.compressedByteCount, \.headerOffset]
    where self[keyPath: field] == 0xFFFF_FFFF {
      guard let value = Int(exactly: content.integer(UInt64.self, at: position)) else {
        return false
      }
      self[keyPath: field] = value
      position += 8
    }
    return true
  }
}
