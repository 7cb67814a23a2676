/// The rules for the names of shards, which come from a file that may lie.
enum ShardName {
  /// Why an index must not name this file; nil if it may.
  static func objection(to name: String, fileExtension: String, limits: Limits) -> String? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    if name.utf8.count > limits.memberNameByteCount
      || parts.contains(where: { $0.utf8.count > 255 })
    {
      return "the name is longer than that of a file can be"
    }
    if name.utf8.contains(0) { return "the name has a NUL character" }
    if name.hasPrefix("/") { return "the path is absolute" }
    // Nobody makes such names on purpose, and on Windows they lead out of the folder.
    if name.contains("\\") || parts[0].dropFirst().hasPrefix(":") {
      return "the path is one of Windows"
    }
    if parts.contains("..") { return "the path leads out of the folder" }
    if parts.contains("") || parts.contains(".") { return "this is not the name of a file" }
    guard name.utf8.suffix(fileExtension.utf8.count + 1).elementsEqual(".\(fileExtension)".utf8)
    else { return "the file's extension is not the index's, .\(fileExtension)" }
    return nil
  }
}
