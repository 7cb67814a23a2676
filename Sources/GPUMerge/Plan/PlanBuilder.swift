/// Goes through all names of all models once and decides about each.
struct PlanBuilder {
  let planner: Planner
  let scope: SelectionScope
  let resolver: TieResolver
  var result = TensorPlan()
  var differences: [ModelDifference]
  /// What cannot be averaged; told only when names and shapes are found to fit.
  var typeError: GPUMergeError?
  var notices = PlanNotices()
  /// For each model, and at its end the base, the tensors that mean nothing without others.
  let quantized: [[TensorName: TensorName]]
  private var outcomes: [TieClass: Outcome] = [:]

  /// Names that are one tensor in all models, and are treated alike.
  private struct TieClass: Hashable {
    var home: Int?
    var first: TensorName
    var isCopied: Bool
    var signature: [Int]
  }

  private enum Outcome {
    case step(Int, TensorName)
    case leftOut(TensorFate)
  }

  init(_ planner: Planner) throws(GPUMergeError) {
    self.planner = planner
    resolver = TieResolver(
      reference: planner.reference, models: planner.models,
      tiesAsBase: planner.selection.tiesAsBase)
    scope = try SelectionScope(planner.selection, names: resolver.entries.map(\.name))
    differences = planner.models.map { _ in ModelDifference() }
    quantized = (planner.models + [planner.base].compactMap(\.self)).map(
      QuantizationRule.partners)
  }

  var selection: TensorSelection { planner.selection }
  var models: [LoadedModel] { planner.models }
  var reference: LoadedModel { planner.reference }

  mutating func plan() throws(GPUMergeError) -> TensorPlan {
    result.reserveCapacity(resolver.entries.count)
    for entry in resolver.entries { try decide(entry) }
    try ModelMismatch.check(differences, resolver: resolver, policy: selection.missing)
    if let typeError { throw typeError }
    result.warnings = notices.warnings
    return result
  }

  private mutating func decide(_ entry: TieResolver.Entry) throws(GPUMergeError) {
    let keepsTie = selection.tiesAsBase && entry.home == nil
    let leader = keepsTie ? entry.group.first ?? entry.name : entry.name
    let reason = scope.reasonToCopy(leader)
    guard let first = entry.group.first else {
      _ = try decideAlone(entry, reason: reason)
      return
    }
    let ignoresModels = keepsTie || reason != nil
    let key = TieClass(
      home: entry.home, first: first, isCopied: reason != nil,
      signature: ignoresModels ? [] : resolver.signature(of: entry))
    if let outcome = outcomes[key] { return tie(entry, to: outcome) }
    if entry.name != first, entry.home == nil {
      noteUntied(entry, from: first, modelsThatSeparate(entry.name, first))
    }
    outcomes[key] = try decideAlone(entry, reason: reason)
  }

  /// Decides about a name that is not tied to an earlier one.
  private mutating func decideAlone(
    _ entry: TieResolver.Entry, reason: String?
  ) throws(GPUMergeError) -> Outcome {
    let stepCount = result.steps.count
    let fate =
      entry.home == nil
      ? try fateOfOwn(entry, reasonToCopy: reason) : try fateOfExtra(entry, reasonToCopy: reason)
    if result.steps.count > stepCount { result.fateOfStep.append(result.fates.count) }
    result.fates.append(fate)
    return result.steps.count > stepCount ? .step(stepCount, entry.name) : .leftOut(fate)
  }

  private mutating func tie(_ entry: TieResolver.Entry, to outcome: Outcome) {
    switch outcome {
    case .leftOut(var fate):
      fate.name = entry.name
      result.fates.append(fate)
    case .step(let step, let kept):
      result.ties.append(
        TiedTensor(name: entry.name, step: step, after: result.steps.count - 1))
      let output = result.steps[step].output
      let isCopied = scope.reasonToCopy(kept) != nil
      result.fates.append(
        TensorFate(
          .tied, name: entry.name, dtype: output.dtype, shape: output.shape, tiedTo: kept,
          reason: "the same tensor as '\(escaped(kept.description))'"
            + (isCopied ? "" : separateTensors(entry, kept) + standIns(for: entry))))
    }
  }

  /// What is left of models that have a tensor of their own where the base's tie wins.
  private func separateTensors(_ entry: TieResolver.Entry, _ kept: TensorName) -> String {
    let separate = modelsThatSeparate(entry.name, kept)
    return separate.isEmpty ? "" : "; that of its own in \(list(separate)) is ignored"
  }

  func modelsThatSeparate(_ name: TensorName, _ kept: TensorName) -> [Int] {
    models.indices.filter { model in
      guard let identity = models[model].identity(of: name) else { return false }
      return identity != models[model].identity(of: kept)
    }
  }

  mutating func noteUntied(
    _ entry: TieResolver.Entry, from first: TensorName, _ separate: [Int]
  ) {
    let place =
      separate.isEmpty ? "the selection treats it differently" : "not in \(list(separate))"
    notices.add(
      .untied, entry.name,
      "tied to '\(escaped(first.description))' in \(reference.messageLabel), but \(place): written "
        + "as a tensor of its own (--tied keeps the tie)")
  }

  /// Tells of models that lack the name but have the tensor under another.
  mutating func standIns(for entry: TieResolver.Entry) -> String {
    var text = ""
    for (index, model) in models.enumerated()
    where resolver.position(of: entry, in: index) == nil {
      guard let name = resolver.name(of: entry, in: index) else { continue }
      let standIn = "'\(escaped(name.description))' in \(model.messageLabel)"
      if !selection.tiesAsBase {
        notices.add(.standIn, entry.name, "missing there, and taken for tied to \(standIn)")
      }
      text += "; it stands for \(standIn)"
    }
    return text
  }
}

extension LoadedModel {
  /// The label, fit for a message.
  var messageLabel: String { escaped(label, limit: 4096) }
}
