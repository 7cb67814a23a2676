/// Which of a folder's files are the model, by the rules of transformers and PEFT.
enum FolderChoice: Equatable {
  case single(WeightsFile)
  case index(WeightsFile)

  /// Chooses; an error says what is in the folder instead.
  init(
    in folder: InputFolder, variant: String?
  ) throws(GPUMergeError) {
    if let variant, variant.isEmpty || variant.utf8.contains(where: "/\0".utf8.contains) {
      throw GPUMergeError(
        .usage, "'\(escaped(variant))' cannot be the variant of a model",
        advice: "A variant is a word in the names of the files, such as fp16")
    }
    let model = try Self.first(of: WeightsFile.models, variant, in: folder)
    let adapter = try Self.first(of: WeightsFile.adapters, variant, in: folder)
    switch (model, adapter) {
    case (let choice?, nil), (nil, let choice?): self = choice
    case (let model?, let adapter?):
      throw GPUMergeError(
        .notACheckpoint,
        "the folder has a model, \(model.name), and an adapter, \(adapter.name)", file: folder.path,
        advice: "Name the one of these files that is meant")
    case (nil, nil): throw FolderDiagnosis(of: folder, variant: variant).error
    }
  }

  /// The file that is read first.
  var name: String {
    switch self {
    case .single(let file): file.singleName
    case .index(let file): file.indexName
    }
  }

  /// Whether the weights are an adapter's.
  var isAdapter: Bool {
    switch self {
    case .single(let file), .index(let file): WeightsFile.adapters.contains(file.name)
    }
  }

  private static func first(
    of names: [String], _ variant: String?, in folder: InputFolder
  ) throws(GPUMergeError) -> FolderChoice? {
    for name in names {
      let file = WeightsFile(name, variant: variant)
      let (isSingle, isIndexed) = (
        folder.contains(file.singleName), folder.contains(file.indexName)
      )
      guard !isSingle || !isIndexed else {
        throw GPUMergeError(
          .notACheckpoint,
          "the folder has both \(escaped(file.singleName)) and \(escaped(file.indexName)), and "
            + "programs differ in which of them they read", file: folder.path,
          advice: "Remove the one that is out of date, or name the one that is meant")
      }
      if isSingle { return .single(file) }
      if isIndexed { return .index(file) }
    }
    return nil
  }
}
