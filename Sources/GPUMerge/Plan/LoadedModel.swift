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
  /// Whether its configuration says that the output head is the embedding (`tie_word_embeddings`);
  /// nil if it says nothing.
  package var tiesWordEmbeddings: Bool?
  /// The positions in `tensors`, by name.
  package let positions: [TensorName: Int]
  /// The names that the metadata gives to tensors besides their own, in its order.
  package let aliases: [TensorName]
  private let aliasPositions: [TensorName: Int]
  /// For each tensor the position of the first that is the same bytes.
  private let firstPositions: [Int]

  package init(_ checkpoint: Checkpoint) {
    self.init(
      label: checkpoint.path.string, tensors: checkpoint.tensors, metadata: checkpoint.metadata)
    warnings = checkpoint.warnings
    self.checkpoint = checkpoint
    tiesWordEmbeddings =
      checkpoint.config?["tie_word_embeddings"]?.bool
      ?? checkpoint.config?["text_config"]?["tie_word_embeddings"]?.bool
  }

  package init(
    label: String, tensors: [TensorInfo], metadata: [(key: String, value: String)] = []
  ) {
    self.label = label
    self.tensors = tensors
    self.metadata = metadata
    warnings = []
    positions = Dictionary(
      zip(tensors.map(\.name), tensors.indices), uniquingKeysWith: { first, _ in first })
    let aliases = Self.aliases(metadata, positions)
    self.aliases = aliases.map(\.name)
    aliasPositions = Dictionary(
      aliases.map { ($0.name, $0.position) }, uniquingKeysWith: { first, _ in first })
    firstPositions = Self.firstPositions(tensors)
  }

  /// All names of tensors, in order, the aliases last.
  package var names: [TensorName] { tensors.map(\.name) + aliases }

  /// The position of the tensor of a name or an alias.
  package func position(of name: TensorName) -> Int? { positions[name] ?? aliasPositions[name] }

  package func tensor(named name: TensorName) -> TensorInfo? {
    position(of: name).map { tensors[$0] }
  }

  /// What tied names have in common: the position of the first tensor that is the same bytes.
  package func identity(of name: TensorName) -> Int? {
    position(of: name).map { firstPositions[$0] }
  }

  /// The path, where there is one, for the `file` of an error.
  package var path: FilePath? { checkpoint?.path }

  /// The pairs `removed: kept` that `save_model` of the safetensors library writes for tied tensors.
  private static func aliases(
    _ metadata: [(key: String, value: String)], _ positions: [TensorName: Int]
  ) -> [(name: TensorName, position: Int)] {
    metadata.compactMap { key, value in
      let name = TensorName(key)
      guard key != "format", key != RecipeRecord.key, positions[name] == nil,
        let position = positions[TensorName(value)]
      else { return nil }
      return (name, position)
    }
  }

  private static func firstPositions(_ tensors: [TensorInfo]) -> [Int] {
    var first: [SharedBytes: Int] = [:]
    return tensors.enumerated().map { position, tensor in
      guard tensor.byteCount > 0 else { return position }
      let key = SharedBytes(tensor)
      if let known = first[key] { return known }
      first[key] = position
      return position
    }
  }

  /// What two tensors that are one have in common.
  private struct SharedBytes: Hashable {
    var source: ObjectIdentifier
    var layout: TensorInfo.Layout
    var dtype: DType
    var shape: [Int]

    init(_ tensor: TensorInfo) {
      source = ObjectIdentifier(tensor.source)
      layout = tensor.layout
      dtype = tensor.dtype
      shape = tensor.shape
    }
  }
}
