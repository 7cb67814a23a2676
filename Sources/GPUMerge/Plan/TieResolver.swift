/// Finds out which names stand for one tensor, in the base or first model and in the others.
struct TieResolver {
  /// A name that some model has.
  struct Entry {
    var name: TensorName
    /// The model that decides about the tensor: nil for the reference, else the first that has it.
    var home: Int?
    /// The tensor in that model.
    var own: TensorInfo
    /// The names that are tied to it in that model, in order; empty if there is no other.
    var group: [TensorName]
    /// The place of the entry among all.
    fileprivate var index: Int
  }

  let reference: LoadedModel
  let models: [LoadedModel]
  /// Whether a tie that only one model knows of, or that is likely, may be taken for granted.
  let tiesAsBase: Bool
  /// The names of the reference in its order, then those that only other models have.
  let entries: [Entry]
  /// For each entry the positions of its name in the models, or -1.
  private let positions: [Int]

  init(reference: LoadedModel, models: [LoadedModel], tiesAsBase: Bool) {
    self.reference = reference
    self.models = models
    self.tiesAsBase = tiesAsBase
    var entries: [Entry] = []
    func add(_ name: TensorName, _ own: TensorInfo, home: Int?, in model: LoadedModel) {
      entries.append(
        Entry(
          name: name, home: home, own: own, group: model.tiedNames(of: name), index: entries.count))
    }
    reference.forEachName { name, own in add(name, own, home: nil, in: reference) }
    var seen: Set<TensorName> = []
    for (home, model) in models.enumerated() where model !== reference {
      var cursor = NameCursor(reference)
      model.forEachName { name, own in
        guard cursor.position(of: name) == nil, seen.insert(name).inserted else { return }
        add(name, own, home: home, in: model)
      }
    }
    self.entries = entries
    var cursors = models.map(NameCursor.init)
    var positions: [Int] = []
    positions.reserveCapacity(entries.count * models.count)
    for entry in entries {
      for model in models.indices {
        positions.append(cursors[model].position(of: entry.name) ?? -1)
      }
    }
    self.positions = positions
  }

  /// The position in a model of the tensor that has the entry's name, or has it as an alias.
  func position(of entry: Entry, in model: Int) -> Int? {
    let position = positions[entry.index * models.count + model]
    return position < 0 ? nil : position
  }

  /// The name under which a model has the tensor of an entry: its own if possible, or one that it
  /// is tied to.
  func name(of entry: Entry, in model: Int) -> TensorName? {
    if position(of: entry, in: model) != nil { return entry.name }
    let model = models[model]
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
    for (index, model) in models.enumerated() where position(of: entry, in: index) != nil {
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
    return Self.isHead(entry.name) ? Self.embedding(of: entry.own.shape, in: model) : nil
  }

  /// A model's word embedding that an output head of this shape may be tied to, by its name.
  static func embedding(of shape: [Int], in model: LoadedModel) -> TensorName? {
    guard shape.count == 2 else { return nil }
    return embeddings.lazy.compactMap { embedding in
      model.tensors.first { $0.shape == shape && ends($0.name, with: "\(embedding).weight") }?.name
    }.first
  }

  /// The tensors for an entry of the models that have one, with the models' positions.
  func tensors(of entry: Entry) -> [(model: Int, tensor: TensorInfo)] {
    var tensors: [(model: Int, tensor: TensorInfo)] = []
    tensors.reserveCapacity(models.count)
    for model in models.indices {
      let position =
        position(of: entry, in: model)
        ?? name(of: entry, in: model).flatMap(models[model].position(of:))
      if let position { tensors.append((model, models[model].tensors[position])) }
    }
    return tensors
  }

  /// Word embeddings of Llama and T5, GPT-2, BERT and BLOOM, T5, Meta's Llama, GPT-NeoX.
  private static let embeddings = [
    "embed_tokens", "wte", "word_embeddings", "shared", "tok_embeddings", "embed_in",
  ]

  /// Whether a tensor is the output head of a language model, by its name.
  static func isHead(_ name: TensorName) -> Bool {
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
