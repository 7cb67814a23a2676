/// A selection's patterns, held against the names of the models.
struct SelectionScope {
  private let selection: TensorSelection
  private let keep: [NameGlob]
  private let only: [NameGlob]

  /// Throws `usage` for a pattern that matches none of the names.
  init(_ selection: TensorSelection, names: [TensorName]) throws(GPUMergeError) {
    self.selection = selection
    keep = selection.keep.map(NameGlob.init)
    only = selection.only.map(NameGlob.init)
    for (globs, option) in [(keep, "keep"), (only, "only")] {
      for glob in globs where !names.contains(where: glob.matches) {
        throw Self.noMatch(glob, option, names)
      }
    }
    guard !selection.backboneOnly || names.contains(where: BackboneRule.isBackbone) else {
      throw GPUMergeError(
        .usage, "none of the names is one of a tensor in a transformer block",
        advice: "Say with --only PATTERN which tensors to merge")
    }
  }

  /// Whether the tensor is one of those to copy by name.
  func isKept(_ name: TensorName) -> Bool { keep.contains { $0.matches(name) } }

  /// Why a tensor is copied from the reference instead of merged, or nil if it is merged.
  func reasonToCopy(_ name: TensorName) -> String? {
    if let glob = keep.first(where: { $0.matches(name) }) { return "kept by '\(glob.pattern)'" }
    if !only.isEmpty, !only.contains(where: { $0.matches(name) }) {
      return "not among those to merge only"
    }
    if selection.backboneOnly, !BackboneRule.isBackbone(name) { return "not in the backbone" }
    return nil
  }

  private static func noMatch(
    _ glob: NameGlob, _ option: String, _ names: [TensorName]
  ) -> GPUMergeError {
    let nearest = glob.nearestNames(in: names).map { "'\(escaped($0.description))'" }
    return GPUMergeError(
      .usage, "no tensor has a name like '\(escaped(glob.pattern))', which is to \(verb(option))",
      advice: nearest.isEmpty
        ? "Without this option, --dry-run lists all names"
        : "Similar names are \(nearest.joined(separator: ", "))")
  }

  private static func verb(_ option: String) -> String {
    option == "keep" ? "be kept" : "be merged only"
  }
}
