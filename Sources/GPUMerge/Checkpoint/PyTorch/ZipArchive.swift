/// A zip archive of which every byte is accounted for.
///
/// Zip has two descriptions of each member (the local header and the directory) and allows bytes
/// that belong to neither, so that two programs can read different things from one file. Here both
/// descriptions must agree, and members, directory and end record follow each other without a gap.
struct ZipArchive {
  let file: InputFile
  /// In the order of their data.
  let members: [ZipMember]
  private let limits: Limits

  init(_ file: InputFile, limits: Limits) throws(GPUMergeError) {
    self.file = file
    self.limits = limits
    let record = try ZipEndRecord(of: file)
    var members = try ZipDirectory(of: file, at: record, limits: limits).members
    try Self.checkNames(of: members)
    if let other = Self.otherFormat(of: members) { throw other }
    members.sort { $0.headerOffset < $1.headerOffset }
    var position = 0
    for index in members.indices {
      let end =
        index + 1 < members.count ? members[index + 1].headerOffset : record.directoryOffset
      guard members[index].headerOffset == position, end <= record.directoryOffset else {
        throw zipFailure(
          "unaccounted bytes before the member, or it overlaps another",
          member: members[index].displayName, at: position)
      }
      try ZipLocalHeader.check(&members[index], in: file, endingAt: end)
      position = end
    }
    guard position == record.directoryOffset else {
      throw zipFailure("unaccounted bytes before the directory", at: position)
    }
    self.members = members
  }

  /// The whole content of a small member, its CRC-32 checked.
  func contents(of member: ZipMember, limit: Int) throws(GPUMergeError) -> [UInt8] {
    guard member.byteCount <= limit else {
      throw zipFailure(
        "the member has \(member.byteCount) bytes, more than the limit of \(limit)",
        member: member.displayName, at: member.headerOffset)
    }
    guard member.isDeflated else {
      let bytes = try file.bytes(at: member.dataOffset, count: member.byteCount)
      let crc = bytes.withUnsafeBytes { crc32(0, $0) }
      guard !member.hasCRC || crc == member.crc else {
        throw member.crcMismatch(found: crc, in: file)
      }
      return bytes
    }
    var bytes: [UInt8] = []
    try DeflatedMember.inflateAll(member, in: file) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Refuses two members of one name, also if they differ in case only: PyTorch's own reader does
  /// not tell these apart, and takes the first.
  private static func checkNames(of members: [ZipMember]) throws(GPUMergeError) {
    var seen = Set<[UInt8]>(minimumCapacity: members.count)
    for member in members {
      let folded = member.name.map { (65...90).contains($0) ? $0 + 32 : $0 }
      guard seen.insert(folded).inserted else {
        throw GPUMergeError(
          .zipDuplicate, "the archive has two members of this name", subject: member.displayName)
      }
    }
  }

  /// What else is a zip archive and might be given by mistake.
  private static func otherFormat(of members: [ZipMember]) -> GPUMergeError? {
    func fails(_ name: String, _ advice: String) -> GPUMergeError {
      GPUMergeError(.unsupportedFormat, "this is \(name), not a checkpoint", advice: advice)
    }
    let names = members.map { $0.name.split(separator: ZipMember.folderMark).map(Array.init) }
    if names.contains(where: { $0 == [Array("[Content_Types].xml".utf8)] }) {
      return fails("an Office document", "Name the checkpoint file")
    }
    if names.contains(where: { $0.count == 1 && $0[0].suffix(4) == Array(".npy".utf8)[...] }) {
      return fails("a NumPy archive (npz)", "Convert its arrays with safetensors.numpy.save_file")
    }
    if names.contains(where: { $0 == [Array("model.weights.h5".utf8)] }) {
      return fails("a Keras model", "Convert it to safetensors with the tools it was made with")
    }
    for parts in names where parts.count > 1 {
      if parts[1] == Array("archive_format".utf8) {
        return fails(
          "a program of torch.export",
          "Save torch.export.load(path).state_dict with torch.save or safetensors")
      }
      if parts[1] == Array("constants.pkl".utf8) || parts[1] == Array("code".utf8) {
        return fails(
          "a TorchScript program",
          "Save torch.jit.load(path).state_dict() with torch.save or safetensors")
      }
      if parts[1] == Array("tensors".utf8), parts.count > 2 {
        return fails(
          "an archive of PyTorch 1.4 or 1.5, which only those read",
          "Load it with that version and save it without _use_new_zipfile_serialization")
      }
    }
    return nil
  }
}
