import SystemPackage

/// The shards of a checkpoint, all opened, and what they come to together.
struct ShardSet {
  private let index: ShardIndex
  private let indexName: String
  private let folder: InputFolder
  private let shards: [Checkpoint]

  /// Opens all shards that an index lists, and checks that it says what is in them.
  init(
    _ index: ShardIndex, named indexName: String, in folder: InputFolder, options: ReadingOptions
  ) throws(GPUMergeError) {
    self.index = index
    self.indexName = indexName
    self.folder = folder
    var shards: [Checkpoint] = []
    var tensorCount = 0
    for name in index.shards {
      let shard = try Self.open(name, in: folder, options: options)
      tensorCount += shard.tensors.count
      guard tensorCount <= options.limits.tensorCount else {
        throw GPUMergeError(
          .notACheckpoint, "the shards have more than \(options.limits.tensorCount) tensors",
          file: folder.path, advice: GPUMergeError.Kind.raise("tensorCount"))
      }
      guard shard.format == shards.first?.format ?? shard.format else {
        throw GPUMergeError(
          .notACheckpoint, "this shard has another format than \(escaped(index.shards[0]))",
          file: shard.path, advice: "Download the model again")
      }
      shards.append(shard)
    }
    self.shards = shards
    try check()
  }

  /// The shards as one checkpoint: their tensors in the order of the shards and of each one's data.
  func checkpoint() -> Checkpoint {
    let (metadata, metadataWarning) = ShardMetadata.common(of: shards.map(\.metadata))
    let shards = shards
    return Checkpoint(
      path: folder.path, format: shards[0].format, tensors: shards.flatMap(\.tensors),
      metadata: metadata,
      warnings: warnings + [sizeWarning, metadataWarning].compactMap(\.self),
      files: shards.flatMap(\.files)
    ) { () throws(GPUMergeError) in
      for shard in shards { try shard.verify() }
    }
  }

  private static func open(
    _ name: String, in folder: InputFolder, options: ReadingOptions
  ) throws(GPUMergeError) -> Checkpoint {
    let file: InputFile
    do throws(GPUMergeError) {
      file = try InputFile(opening: .init(name), in: folder)
    } catch {
      guard error.kind == .inputMissing else { throw error }
      throw MissingShard(name: name, folder: folder).error
    }
    return try Checkpoint.open(file, options: options)
  }

  /// Checks that index and shards name the same tensors in the same places, each once.
  private func check() throws(GPUMergeError) {
    var places: [TensorName: Int] = [:]
    for (position, shard) in shards.enumerated() {
      for tensor in shard.tensors {
        guard let other = places.updateValue(position, forKey: tensor.name) else { continue }
        throw GPUMergeError(
          .duplicateKey,
          "the tensor is in \(escaped(index.shards[other])) and in "
            + escaped(index.shards[position]), file: folder.path,
          subject: tensor.name.description, advice: "Download the model again")
      }
    }
    try index.forEach { (name, shard) throws(GPUMergeError) in
      guard places[name] != shard else { return }
      let place = places[name].map { ", but in \(escaped(index.shards[$0]))" } ?? ""
      throw failure(
        .indexMissingTensor,
        "the tensor is not in \(escaped(index.shards[shard])), where the index has it\(place)", name
      )
    }
    guard places.count != index.tensorCount else { return }
    try index.forEach { (name, _) throws(GPUMergeError) in places[name] = nil }
    let unlisted = shards.lazy.flatMap(\.tensors).first { places[$0.name] != nil }
    guard let name = unlisted?.name, let shard = places[name] else { return }
    throw failure(
      .indexMissingTensor,
      "the tensor is in \(escaped(index.shards[shard])), but not in the index", name)
  }

  private func failure(
    _ kind: GPUMergeError.Kind, _ problem: String, _ tensor: TensorName
  ) -> GPUMergeError {
    GPUMergeError(
      kind, problem, file: folder.path.appending(indexName), subject: tensor.description,
      advice: "Index and shards are not of the same model: download both again")
  }

  /// The shards' warnings, each once.
  private var warnings: [String] {
    var texts: [String] = []
    var names: [String: [String]] = [:]
    for (shard, name) in zip(shards, index.shards) {
      for warning in shard.warnings {
        if names[warning] == nil { texts.append(warning) }
        names[warning, default: []].append(name)
      }
    }
    return texts.map { text in
      let names = names[text] ?? []
      let more = names.count > 1 ? " and \(names.count - 1) more" : ""
      return "\(escaped(names.first ?? ""))\(more): \(text)"
    }
  }

  /// What tensors have in common that are the same bytes.
  private struct SharedBytes: Hashable {
    var source: ObjectIdentifier
    var layout: TensorInfo.Layout
  }

  private var sizeWarning: String? {
    let tensors = shards.flatMap(\.tensors)
    let byteCount = tensors.reduce(0.0) { $0 + Double($1.byteCount) }
    guard let total = index.totalByteCount, total != byteCount else { return nil }
    // transformers counts tied tensors once.
    var seen: Set<SharedBytes> = []
    let untied = tensors.filter {
      seen.insert(SharedBytes(source: ObjectIdentifier($0.source), layout: $0.layout)).inserted
    }
    guard total != untied.reduce(0.0, { $0 + Double($1.byteCount) }) else { return nil }
    return "\(escaped(indexName)): the total_size is not the \(Int(byteCount)) bytes that the "
      + "tensors take"
  }
}
