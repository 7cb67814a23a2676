/// The rules for the names of shards, which come from a file that may lie.
enum ShardName {
  /// Why an index must not name this file; nil if it may.
  ///
  /// By bytes, as the system sees names: to `String`, a slash in front of an accent is no slash.
  static func objection(to name: String, fileExtension: String, limits: Limits) -> String? {
    let bytes = Array(name.utf8)
    let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    func contains(_ part: String) -> Bool { parts.contains { $0.elementsEqual(part.utf8) } }
    if bytes.count > limits.memberNameByteCount || parts.contains(where: { $0.count > 255 }) {
      return "the name is longer than that of a file can be"
    }
    if bytes.contains(0) { return "the name has a NUL character" }
    if bytes.first == UInt8(ascii: "/") { return "the path is absolute" }
    // Nobody makes such names on purpose, and on Windows they lead out of the folder.
    if bytes.contains(UInt8(ascii: "\\")) || bytes.dropFirst().first == UInt8(ascii: ":") {
      return "the path is one of Windows"
    }
    if contains("..") { return "the path leads out of the folder" }
    if contains("") || contains(".") { return "this is not the name of a file" }
    guard bytes.suffix(fileExtension.utf8.count + 1).elementsEqual(".\(fileExtension)".utf8)
    else { return "the file's extension is not the index's, .\(fileExtension)" }
    return nil
  }
}
