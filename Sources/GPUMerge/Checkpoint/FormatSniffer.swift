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
    of prefix: [UInt8], fileByteCount: Int, limits: Limits = Limits()
  ) throws(GPUMergeError) -> CheckpointFormat {
    guard !prefix.isEmpty else {
      throw GPUMergeError(
        .truncated, "the file is empty", offset: 0, advice: "Copy or download the file again")
    }
    // First, since the length of a header may happen to have the bytes of another format's mark.
    if isSafetensors(prefix, fileByteCount: fileByteCount, limits: limits) { return .safetensors }
    if prefix.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return .pytorch }
    for foreign in ForeignFormat.all where foreign.matches(prefix) { throw foreign.refusal }
    if let refusal = textRefusal(prefix) { throw refusal }
    return .safetensors
  }

  /// Whether the file begins with a possible header length and the first byte of a header.
  private static func isSafetensors(
    _ prefix: [UInt8], fileByteCount: Int, limits: Limits
  ) -> Bool {
    guard prefix.count > 8, "{ \t\r\n".utf8.contains(prefix[8]) else { return false }
    let length = prefix[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return length <= limits.headerByteCount && length <= fileByteCount - 8
  }

  private static func textRefusal(_ prefix: [UInt8]) -> GPUMergeError? {
    // A multi-byte character may be cut at the end of the prefix; text in the sense here is enough.
    guard prefix.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || "\t\r\n".utf8.contains($0) }) else {
      return nil
    }
    let text = String(decoding: prefix, as: UTF8.self)
    let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    if start.hasPrefix("version https://git-lfs") {
      return GPUMergeError(
        .notACheckpoint, "this is a Git LFS pointer, not the file it points to",
        advice: "Fetch the file with 'git lfs pull'")
    }
    if start.hasPrefix("{"), text.contains("\"weight_map\"") {
      return GPUMergeError(
        .notACheckpoint, "this is the index of a sharded checkpoint, not a checkpoint file",
        advice: "Name the files that its weight_map lists")
    }
    let (what, isDownload) =
      start.hasPrefix("<")
      ? ("a web page or XML", true)
      : start.hasPrefix("{") || start.hasPrefix("[") ? ("a JSON text", true) : ("a text", false)
    return GPUMergeError(
      .notACheckpoint, "this is \(what), not a checkpoint: it begins '\(escaped(text, limit: 40))'",
      advice: isDownload
        ? "If it came from a download, that failed: read it, then download the file again" : nil)
  }
}
