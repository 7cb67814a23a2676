/// Finds out which names stand for one tensor, in the base or first model and in the others.
struct TieResolver {
  /// A name that some model has.
  struct Entry {
    var name: TensorName
    /// The model that decides about the tensor: nil for the reference, else the first that has it.
    var home: Int?
    /// The names that are tied to it in that model, in order; empty if there is no other.
    var group: [TensorName]
  }

  let reference: LoadedModel
  let models: [LoadedModel]
  /// Whether a tie that only one model knows of, or that is likely, may be taken for granted.
  let tiesAsBase: Bool
  /// The names of the reference in its order, then those that only other models have.
  let entries: [Entry]

  init(reference: LoadedModel, models: [LoadedModel], tiesAsBase: Bool) {
    self.reference = reference
    self.models = models
    self.tiesAsBase = tiesAsBase
    var entries = reference.names.map {
      Entry(name: $0, home: nil, group: reference.tiedNames(of: $0))
    }
    var seen: Set<TensorName> = []
    for (home, model) in models.enumerated() {
      for name in model.names
      where reference.position(of: name) == nil && seen.insert(name).inserted {
        entries.append(Entry(name: name, home: home, group: model.tiedNames(of: name)))
      }
    }
    self.entries = entries
  }

  /// The name under which a model has the tensor of an entry: its own if possible, or one that it
  /// is tied to.
  func name(of entry: Entry, in model: Int) -> TensorName? {
    let model = models[model]
    if model.position(of: entry.name) != nil { return entry.name }
    if let tied = entry.group.first(where: { model.position(of: $0) != nil }) { return tied }
    guard tiesAsBase || model.tiesWordEmbeddings == true else { return nil }
    return partner(of: entry, in: model)
  }

  /// What tells apart the tensors that models have for the names of one group.
  func signature(of entry: Entry) -> [Int] {
    models.indices.map { model in
      name(of: entry, in: model).flatMap { models[model].identity(of: $0) } ?? -1
    }
  }

  /// The reference's name for a tensor that it has, but not under the entry's name: every model that
  /// has that name has it tied to one of the reference's.
  func nameInReference(of entry: Entry) -> TensorName? {
    var found: TensorName?
    for model in models where model.position(of: entry.name) != nil {
      found = model.tiedNames(of: entry.name).first { reference.position(of: $0) != nil }
      guard found != nil else { return nil }
    }
    return found
  }

  /// The name that an entry's is probably tied to in a model that lacks it: it is in another model,
  /// or the names say so.
  func partner(of entry: Entry, in model: LoadedModel) -> TensorName? {
    for other in [reference] + models {
      let names = other.tiedNames(of: entry.name)
      if let name = names.first(where: { model.position(of: $0) != nil }) { return name }
    }
    guard let shape = tensor(of: entry)?.shape, Self.isHead(entry.name) else { return nil }
    return Self.embeddings.lazy.compactMap { embedding in
      model.tensors.first {
        $0.shape == shape && shape.count == 2
          && Self.ends($0.name, with: "\(embedding).weight")
      }?.name
    }.first
  }

  /// The tensors for an entry of the models that have one, with the models' positions.
  func tensors(of entry: Entry) -> [(model: Int, tensor: TensorInfo)] {
    models.indices.compactMap { model in
      let position =
        models[model].position(of: entry.name)
        ?? name(of: entry, in: model).flatMap(models[model].position(of:))
      return position.map { (model: model, tensor: models[model].tensors[$0]) }
    }
  }

  func tensor(of entry: Entry) -> TensorInfo? {
    (entry.home.map { models[$0] } ?? reference).tensor(named: entry.name)
  }

  /// Word embeddings of Llama and T5, GPT-2, BERT and BLOOM, T5, Meta's Llama, GPT-NeoX.
  private static let embeddings = [
    "embed_tokens", "wte", "word_embeddings", "shared", "tok_embeddings", "embed_in",
  ]

  /// Whether a tensor is the output head of a language model, by its name.
  private static func isHead(_ name: TensorName) -> Bool {
    ["lm_head", "lm_head.decoder", "predictions.decoder", "embed_out", "proj_out", "output"]
      .contains { ends(name, with: "\($0).weight") }
  }

  /// Whether the last components of a name are these.
  private static func ends(_ name: TensorName, with text: String) -> Bool {
    let suffix = name.utf8.suffix(text.utf8.count)
    guard suffix.elementsEqual(text.utf8) else { return false }
    return suffix.startIndex == 0 || name.utf8[suffix.startIndex - 1] == UInt8(ascii: ".")
  }
}
