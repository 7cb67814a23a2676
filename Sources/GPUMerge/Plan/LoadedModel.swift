package import SystemPackage

/// A model as the planner sees it, whether it comes from a file or from memory.
package struct LoadedModel: Sendable {
  /// What to call it in messages: the path, or its position.
  package var label: String
  package var tensors: [TensorInfo]
  package var metadata: [(key: String, value: String)]
  package var warnings: [String]
  /// The file it comes from, if any.
  package var checkpoint: Checkpoint?
  /// The positions in `tensors`, by name.
  package let positions: [TensorName: Int]

  package init(_ checkpoint: Checkpoint) {
    self.init(label: checkpoint.path.string, tensors: checkpoint.tensors)
    metadata = checkpoint.metadata
    warnings = checkpoint.warnings
    self.checkpoint = checkpoint
  }

  package init(label: String, tensors: [TensorInfo]) {
    self.label = label
    self.tensors = tensors
    metadata = []
    warnings = []
    positions = Dictionary(
      zip(tensors.map(\.name), tensors.indices), uniquingKeysWith: { first, _ in first })
  }

  package func tensor(named name: TensorName) -> TensorInfo? {
    positions[name].map { tensors[$0] }
  }

  /// The path, where there is one, for the `file` of an error.
  package var path: FilePath? { checkpoint?.path }
}
