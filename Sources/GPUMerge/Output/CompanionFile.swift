/// A file beside the weights of an output folder.
package struct CompanionFile: Sendable {
  /// The path below the folder.
  package var name: String
  package var contents: Contents

  package enum Contents: Sendable {
    case bytes([UInt8])
    /// A copy of a file, which is open already.
    case copy(InputFile)
  }

  package init(_ name: String, _ contents: Contents) {
    self.name = name
    self.contents = contents
  }

  package init(_ name: String, text: String) {
    self.init(name, .bytes(Array(text.utf8)))
  }
}
