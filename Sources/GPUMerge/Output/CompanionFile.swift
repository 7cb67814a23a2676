/// A small file beside the weights of an output folder.
package struct CompanionFile: Sendable, Hashable {
  /// The path below the folder.
  package var name: String
  package var contents: [UInt8]

  package init(_ name: String, _ contents: [UInt8]) {
    self.name = name
    self.contents = contents
  }
}
