extension PlanBuilder {
  /// Decides about a tensor of the reference, adding the step that makes it if the output has it.
  mutating func fateOfOwn(
    _ entry: TieResolver.Entry, reasonToCopy: String?
  ) throws(GPUMergeError) -> TensorFate {
    let own = entry.own
    if let reasonToCopy { return copy(own, as: entry.name, reason: reasonToCopy) }
    let present = resolver.tensors(of: entry)
    let missing =
      present.count == models.count
      ? [] : models.indices.filter { model in !present.contains { $0.model == model } }
    for model in models.indices { differences[model].comparedCount += 1 }
    for model in missing { differences[model].missing.append(entry) }
    if missing.isEmpty {
      var fate = try merge(entry.name, own: own, present)
      let standIns = standIns(for: entry).dropFirst(2)
      if !standIns.isEmpty { fate.reason = (fate.reason.map { "\($0); " } ?? "") + standIns }
      return fate
    }
    let reason = "missing in \(list(missing))"
    switch selection.missing {
    case .present where !present.isEmpty: return try merge(entry.name, own: own, present)
    case .error, .skip:
      return TensorFate(
        .skipped, name: entry.name, dtype: own.dtype, shape: own.shape, reason: reason)
    case .base, .present: return copy(own, as: entry.name, reason: reason)
    }
  }

  /// Decides about a tensor that the reference lacks.
  mutating func fateOfExtra(
    _ entry: TieResolver.Entry, reasonToCopy: String?
  ) throws(GPUMergeError) -> TensorFate {
    var fate = TensorFate(
      .ignored, name: entry.name, dtype: entry.own.dtype, shape: entry.own.shape)
    let lack = "\(reference.messageLabel) lacks it"
    if let reasonToCopy {
      fate.reason = "\(reasonToCopy), and \(lack)"
      if scope.isKept(entry.name) { notices.add(.leftOut, entry.name, "left out: \(lack)") }
      return fate
    }
    if let known = resolver.nameInReference(of: entry) {
      fate.reason = "tied to '\(escaped(known.description))', the name that the output has"
      notices.add(
        .leftOut, entry.name, "left out, as in \(reference.messageLabel); " + (fate.reason ?? ""))
      return fate
    }
    let mayTie = selection.tiesAsBase || reference.tiesWordEmbeddings == true
    if mayTie, let partner = resolver.partner(of: entry, in: reference) {
      let separate = selection.tiesAsBase ? [] : modelsThatUntie(entry.name, partner)
      guard separate.isEmpty else { return try fateOfUntied(entry, partner, separate) }
      fate.reason = "\(reference.messageLabel) ties it to '\(escaped(partner.description))'"
      if !selection.tiesAsBase {
        notices.add(.leftOut, entry.name, "left out: " + (fate.reason ?? ""))
      }
      return fate
    }
    return try fateOfForeign(entry, fate, reason: lack)
  }

  /// The models that have a tensor of their own for a name, and no configuration that says it is tied.
  private func modelsThatUntie(_ name: TensorName, _ partner: TensorName) -> [Int] {
    modelsThatSeparate(name, partner).filter { models[$0].tiesWordEmbeddings != true }
  }

  /// Decides about a name that is tied in the reference, which therefore does not store it, and separate
  /// in other models: the output has it, from the reference's tensor and theirs.
  private mutating func fateOfUntied(
    _ entry: TieResolver.Entry, _ partner: TensorName, _ separate: [Int]
  ) throws(GPUMergeError) -> TensorFate {
    guard let position = reference.position(of: partner) else {
      throw GPUMergeError(.internal, "the tie leads nowhere", subject: entry.name.description)
    }
    noteUntied(entry, from: partner, separate)
    var entry = entry
    entry.own = reference.tensors[position]
    return try fateOfOwn(entry, reasonToCopy: nil)
  }

  private mutating func fateOfForeign(
    _ entry: TieResolver.Entry, _ fate: TensorFate, reason: String
  ) throws(GPUMergeError) -> TensorFate {
    var fate = fate
    fate.reason = reason
    let owners = models.indices.filter { resolver.position(of: entry, in: $0) != nil }
    for model in owners { differences[model].extra.append(entry) }
    switch selection.missing {
    case .present:
      return try merge(entry.name, own: nil, resolver.tensors(of: entry))
    case .skip: fate.kind = .skipped
    case .base: notices.add(.leftOut, entry.name, "left out, because \(reason)")
    case .error: break
    }
    return fate
  }

  /// Adds the step that copies a tensor of the reference.
  private mutating func copy(
    _ tensor: TensorInfo, as name: TensorName, reason: String
  ) -> TensorFate {
    if let dtype = planner.dtype, tensor.dtype.isAveraged, tensor.dtype != dtype {
      notices.add(
        .ownType, name,
        "copied as it is, in \(tensor.dtype.displayName): only merged tensors "
          + "become \(dtype.displayName)")
    }
    result.steps.append(
      Step(
        output: OutputTensor(name: name, dtype: tensor.dtype, shape: tensor.shape),
        action: .copy([tensor])))
    return TensorFate(
      .copied, name: name, dtype: tensor.dtype, shape: tensor.shape,
      reason: "\(reason): \(reference.messageLabel)'s")
  }

  func list(_ positions: [Int]) -> String {
    guard positions.count == 1, let first = positions.first else {
      return positions.count == models.count ? "all models" : "\(positions.count) models"
    }
    return models[first].messageLabel
  }
}
