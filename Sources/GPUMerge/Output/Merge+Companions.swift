extension Merge {
  /// What goes into an output folder beside the weights; nothing beside an output of one file.
  ///
  /// All that is copied is open afterwards.
  package func companions(
    for plan: OutputPlan, at target: OutputTarget
  ) throws(GPUMergeError) -> Companions {
    guard case .folder(_, let maxShardByteCount) = target else { return Companions() }
    var companions = try copies()
    if plan.isSharded { companions.files.append(plan.index) }
    let recipe = try OutputRecipe(
      of: self, maxShardByteCount: maxShardByteCount, folder: try OutputName(target).path)
    if let obstacle = recipe.obstacle {
      companions.warnings.append("the output has no \(ModelFolderContents.recipe): \(obstacle)")
    } else {
      companions.files.append(CompanionFile(ModelFolderContents.recipe, text: recipe.text))
    }
    let card = ModelCard(recipe, of: self, files: companions.files)
    companions.files.append(CompanionFile(ModelFolderContents.readme, text: card.text))
    return companions
  }

  /// The model whose configuration and tokenizer the output gets: the base or first one, unless
  /// that is a single file and another is a folder.
  var companionSource: Checkpoint? { companionModel?.checkpoint }

  private var companionModel: LoadedModel? {
    ([planner.reference] + planner.models).first { $0.checkpoint?.folder != nil }
  }

  /// The files that the output has from the model's folder.
  private func copies() throws(GPUMergeError) -> Companions {
    var companions = Companions()
    guard let model = companionModel, let path = model.checkpoint?.folder else {
      companions.warnings.append(
        "none of the models is a folder, so the output has no configuration and no tokenizer")
      return companions
    }
    let folder = try CompanionFolder(
      path, copiesCode: options.copiesCode, limits: options.reading.limits)
    companions.files = folder.files
    companions.warnings = folder.warnings.map {
      "\(escaped(model.label, limit: 4096)): \($0)"
    }
    let isConfiguration = { (file: CompanionFile) in
      file.name == ModelFolderContents.configuration
    }
    // A configuration that cannot be read was warned of when the model was opened.
    if let index = companions.files.firstIndex(where: isConfiguration),
      model.checkpoint?.config != nil,
      case .copy(let file) = companions.files[index].contents
    {
      let dtype = changedDType(of: model)
      let unties = unties(model)
      guard dtype != nil || unties else { return companions }
      let text = try file.bytes(at: 0, count: file.byteCount)
      companions.files[index].contents = .bytes(
        try ConfigurationEdit(of: text).text(with: dtype, untied: unties))
    }
    return companions
  }

  /// Whether the output has a head of its own where the model's configuration says that the embedding is
  /// the head: whoever loads the output would never look at it.
  private func unties(_ model: LoadedModel) -> Bool {
    guard model.tiesWordEmbeddings == true else { return false }
    let tied = Set(ties.map(\.step))
    return steps.indices.contains { step in
      let head = steps[step].output
      guard TieResolver.isHead(head.name), !tied.contains(step) else { return false }
      if model.position(of: head.name) == nil {
        return TieResolver.embedding(of: head.shape, in: model) != nil
      }
      let others = Set(model.tiedNames(of: head.name)).subtracting([head.name])
      return steps.contains { others.contains($0.output.name) }
    }
  }

  /// The type that most of the output's bytes have, if that is asked for or not as in the model.
  private func changedDType(of model: LoadedModel) -> DType? {
    let output = Self.mainDType(of: steps.map { ($0.output.dtype, $0.output.byteCount) })
    let input = Self.mainDType(of: model.tensors.map { ($0.dtype, $0.byteCount) })
    return options.dtype != nil || output != input ? output : nil
  }

  /// The type that most bytes have, of those that transformers loads a model as.
  private static func mainDType(of tensors: [(dtype: DType, byteCount: Int)]) -> DType? {
    var byteCounts: [DType: Int] = [:]
    let types: Set<DType> = [.float16, .bfloat16, .float32, .float64]
    for tensor in tensors where types.contains(tensor.dtype) {
      byteCounts[tensor.dtype, default: 0] += tensor.byteCount
    }
    return byteCounts.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key
  }
}

extension OutputPlan {
  /// The file that tells which shard has which tensor, as transformers writes it.
  fileprivate var index: CompanionFile {
    let members = files.flatMap { file in
      file.plan.members.map { (file.plan.steps[$0].output, file.name) }
    }
    let map = members.sorted { $0.0.name < $1.0.name }
      .map { ($0.0.name.description, JSONValue.string($0.1)) }
    let json = JSONValue.object([
      (
        "metadata",
        .object([
          ("total_parameters", .integer(members.reduce(0) { $0 + $1.0.shape.reduce(1, *) })),
          ("total_size", .integer(members.reduce(0) { $0 + $1.0.byteCount })),
        ])
      ),
      ("weight_map", .object(map)),
    ])
    return CompanionFile(ModelFolderContents.index, text: json.indentedText)
  }
}
