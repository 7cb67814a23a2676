/// What goes into an output beside the weights.
package struct Companions: Sendable {
  package var files: [CompanionFile] = []
  /// What a person should know of them.
  package var warnings: [String] = []

  package init() {}
}
