/// Tells from the first bytes of a file what it is.
///
/// The formats that GPUMerge reads are told apart; everything else that people pass by mistake is
/// refused by its name, with what to do about it, because "bad header" would help nobody.
package enum FormatSniffer {
  /// How many bytes `format` needs, unless the file has fewer.
  package static let prefixByteCount = 512

  /// The format of a file that begins with `prefix`.
  ///
  /// A file that looks like nothing known is taken for safetensors, whose reader says what is wrong.
  package static func format(
    of prefix: [UInt8], limits: Limits = Limits()
  ) throws(GPUMergeError) -> CheckpointFormat {
    guard !prefix.isEmpty else {
      throw GPUMergeError(
        .truncated, "the file is empty", offset: 0,
        advice: "It was probably never written to the end: copy or download it again")
    }
    // First, since the length of a header may happen to have the bytes of another format's mark.
    if isSafetensors(prefix, limits: limits) { return .safetensors }
    if prefix.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return .pytorch }
    if TorchLegacyFile.matches(prefix) { return .pytorch }
    if prefix.count < SafetensorsHeader.prefixByteCount { return .safetensors }
    for foreign in ForeignFormat.all where foreign.matches(prefix) { throw foreign.refusal }
    if let refusal = textRefusal(prefix) { throw refusal }
    return .safetensors
  }

  /// Whether the file begins with a possible header length and, if it goes on, with a header.
  private static func isSafetensors(_ prefix: [UInt8], limits: Limits) -> Bool {
    let count = SafetensorsHeader.prefixByteCount
    guard prefix.count >= count,
      SafetensorsHeader.byteCount(prefix: prefix[..<count]) <= limits.headerByteCount
    else { return false }
    return prefix.count == count || "{ \t\r\n".utf8.contains(prefix[count])
  }

  private static func textRefusal(_ prefix: [UInt8]) -> GPUMergeError? {
    // Up to the last ASCII character, as the end of the prefix may cut a longer one.
    guard let last = prefix.lastIndex(where: { $0 < 0x80 }),
      prefix[...last].allSatisfy({ $0 >= 0x20 && $0 != 0x7F || "\t\r\n".utf8.contains($0) }),
      let text = String(validating: prefix[...last], as: UTF8.self)
    else { return nil }
    let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    if start.hasPrefix("version https://git-lfs") {
      return GPUMergeError(
        .notACheckpoint, "this is a Git LFS pointer, not the file it points to",
        advice: "Fetch the file with 'git lfs pull'")
    }
    if start.hasPrefix("{"), text.contains("\"weight_map\"") {
      return GPUMergeError(
        .notACheckpoint, "this is the index of a sharded checkpoint, not a checkpoint file",
        advice: "Name the folder that holds it and the files that its weight_map lists")
    }
    // What the first protocol of pickle looks like: (dp0 ..., or the name of a class or function.
    if start.prefixMatch(of: /\([dl]p\d+\n|c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n/) != nil {
      return GPUMergeError(
        .unsupportedFormat,
        "this is a plain Python pickle (not made by torch.save), which GPUMerge "
          + "does not read", advice: ForeignFormat.pickle)
    }
    let what =
      switch start.first {
      case "<": "a web page or XML"
      case "{", "[": "a JSON text"
      default: "a text"
      }
    return GPUMergeError(
      .notACheckpoint, "this is \(what), not a checkpoint: it begins '\(escaped(text, limit: 40))'",
      advice:
        "If it was downloaded, the server sent this instead: read it, then download the file again")
  }
}
