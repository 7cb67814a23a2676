import Synchronization
package import SystemPackage

/// A model as the planner sees it, whether it comes from a file or from memory.
///
/// A class, as the planner looks at every tensor by way of its model, and never changes one.
package final class LoadedModel: Sendable {
  /// What to call it in messages: the path, or its position.
  package let label: String
  package let tensors: [TensorInfo]
  package let metadata: [(key: String, value: String)]
  /// The file it comes from, if any.
  package let checkpoint: Checkpoint?
  /// What tells its file from others, if it comes from any: the first one, if there are several.
  package var fileIdentity: InputFile.Identity? { checkpoint?.files.first?.identity }
  /// Whether its configuration says that the output head is the embedding (`tie_word_embeddings`);
  /// nil if it says nothing.
  package let tiesWordEmbeddings: Bool?
  /// The names that the metadata gives to tensors besides their own, in its order.
  package let aliases: [TensorName]
  private let aliasPositions: [TensorName: Int]
  /// The positions in `tensors` by name; nil until somebody looks for a name elsewhere than in its place.
  private let positions = Mutex<[TensorName: Int]?>(nil)
  /// For each tensor the position of the first that is the same bytes.
  private let firstPositions: [Int]
  /// The names, in order, of each tensor that has several, by the tensor's first position.
  private let groups: [Int: [TensorName]]

  /// A checkpoint, which is called by its path unless something else is given.
  package convenience init(_ checkpoint: Checkpoint, label: String? = nil) {
    self.init(
      label: label ?? checkpoint.path.string, tensors: checkpoint.tensors,
      metadata: checkpoint.metadata, checkpoint: checkpoint,
      tiesWordEmbeddings: checkpoint.config?["tie_word_embeddings"]?.bool
        ?? checkpoint.config?["text_config"]?["tie_word_embeddings"]?.bool)
  }

  package init(
    label: String, tensors: [TensorInfo], metadata: [(key: String, value: String)] = [],
    checkpoint: Checkpoint? = nil, tiesWordEmbeddings: Bool? = nil
  ) {
    self.label = label
    self.tensors = tensors
    self.metadata = metadata
    self.checkpoint = checkpoint
    self.tiesWordEmbeddings = tiesWordEmbeddings
    let aliases = Self.aliases(metadata, tensors)
    self.aliases = aliases.map(\.name)
    aliasPositions = Dictionary(
      aliases.map { ($0.name, $0.position) }, uniquingKeysWith: { first, _ in first })
    firstPositions = Self.firstPositions(tensors)
    groups = Self.groups(tensors, aliases, firstPositions)
  }

  /// What a person should know about the file, and is no error.
  package var warnings: [String] { checkpoint?.warnings ?? [] }

  /// All names of tensors, in order, the aliases last.
  package var names: [TensorName] { tensors.map(\.name) + aliases }

  /// Goes through all names, in order, with the tensors that have them.
  func forEachName(_ body: (TensorName, TensorInfo) -> Void) {
    for tensor in tensors { body(tensor.name, tensor) }
    for alias in aliases {
      if let position = aliasPositions[alias] { body(alias, tensors[position]) }
    }
  }

  /// The position of the tensor of a name or an alias.
  package func position(of name: TensorName) -> Int? {
    ownPosition(of: name) ?? aliasPositions[name]
  }

  /// The position of the tensor that has a name as its own.
  package func ownPosition(of name: TensorName) -> Int? {
    positions.withLock { positions in
      let known = positions ?? Self.positions(tensors)
      positions = known
      return known[name]
    }
  }

  /// What tied names have in common: the position of the first tensor that is the same bytes.
  package func identity(of name: TensorName) -> Int? {
    position(of: name).map { firstPositions[$0] }
  }

  /// All names of the tensor that has this one, in order; none if it has no other.
  package func tiedNames(of name: TensorName) -> [TensorName] {
    // Almost always there is nothing to look for.
    groups.isEmpty ? [] : identity(of: name).flatMap { groups[$0] } ?? []
  }

  /// The path, where there is one, for the `file` of an error.
  package var path: FilePath? { checkpoint?.path }

  /// The pairs `removed: kept` that `save_model` of the safetensors library writes for tied tensors.
  private static func aliases(
    _ metadata: [(key: String, value: String)], _ tensors: [TensorInfo]
  ) -> [(name: TensorName, position: Int)] {
    let pairs = metadata.filter { $0.key != "format" && $0.key != RecipeRecord.key }
    guard !pairs.isEmpty else { return [] }
    let positions = Self.positions(tensors)
    return pairs.compactMap { key, value in
      let name = TensorName(key)
      guard positions[name] == nil, let position = positions[TensorName(value)] else { return nil }
      return (name, position)
    }
  }

  private static func positions(_ tensors: [TensorInfo]) -> [TensorName: Int] {
    var positions = [TensorName: Int](minimumCapacity: tensors.count)
    positions.merge(zip(tensors.lazy.map(\.name), tensors.indices)) { first, _ in first }
    return positions
  }

  private static func firstPositions(_ tensors: [TensorInfo]) -> [Int] {
    // Tensors that are the same bytes start at the same place. Files have nearly all of their tensors
    // in the order of their bytes, so that there is next to nothing to sort.
    let starts = tensors.enumerated().lazy.filter { $0.element.byteCount > 0 }.map {
      (source: ObjectIdentifier($1.source), offset: $1.layout.start, position: $0)
    }.sorted { $0 < $1 }
    var result = Array(tensors.indices)
    var first: [SharedBytes: Int] = [:]
    for (previous, start) in zip(starts, starts.dropFirst()) {
      guard previous.source == start.source, previous.offset == start.offset else {
        first.removeAll(keepingCapacity: true)
        continue
      }
      if first.isEmpty { first[SharedBytes(tensors[previous.position])] = previous.position }
      let key = SharedBytes(tensors[start.position])
      if let known = first[key] {
        result[start.position] = known
      } else {
        first[key] = start.position
      }
    }
    return result
  }

  private static func groups(
    _ tensors: [TensorInfo], _ aliases: [(name: TensorName, position: Int)],
    _ firstPositions: [Int]
  ) -> [Int: [TensorName]] {
    let later = tensors.indices.filter { firstPositions[$0] != $0 }
    let shared = Set((later + aliases.map(\.position)).map { firstPositions[$0] })
    guard !shared.isEmpty else { return [:] }
    var groups = Dictionary(uniqueKeysWithValues: shared.map { ($0, [TensorName]()) })
    for (position, tensor) in tensors.enumerated() {
      groups[firstPositions[position]]?.append(tensor.name)
    }
    for (name, position) in aliases { groups[firstPositions[position]]?.append(name) }
    return groups
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

extension TensorInfo.Layout {
  /// Where the first element lies, in bytes or elements.
  fileprivate var start: Int {
    switch self {
    case .contiguous(let byteOffset): byteOffset
    case .strided(let elementOffset, _): elementOffset
    }
  }
}
