/// Explains how the tensors of two models differ, and guesses why.
enum ModelMismatch {
  /// Throws `keyMismatch` or `shapeMismatch` for the first model that does not fit.
  static func check(
    _ differences: [ModelDifference], resolver: TieResolver,
    policy: TensorSelection.MissingPolicy
  ) throws(GPUMergeError) {
    for (model, difference) in zip(resolver.models, differences) {
      let hasNothing =
        difference.comparedCount > 0 && difference.missing.count == difference.comparedCount
        && resolver.reference.names.allSatisfy { model.position(of: $0) == nil }
      let differs = !difference.missing.isEmpty || !difference.extra.isEmpty
      if hasNothing || (differs && policy == .error) {
        throw keyError(difference, model, resolver, hasNothing: hasNothing)
      }
      if !difference.shapes.isEmpty {
        throw ShapeMismatch.error(difference.shapes, model, resolver.reference)
      }
    }
  }

  private static func keyError(
    _ difference: ModelDifference, _ model: LoadedModel, _ resolver: TieResolver,
    hasNothing: Bool
  ) -> GPUMergeError {
    let missing = difference.missing.map(\.name)
    let extra = difference.extra.map(\.name)
    return GPUMergeError(
      .keyMismatch,
      "its tensors are not those of \(resolver.reference.messageLabel)"
        + list("missing here", missing) + list("only here", extra),
      file: model.path, subject: model.path == nil ? model.label : nil,
      advice: tieHint(difference, model, resolver)
        ?? wrappingPrefix(missing: missing, extra: extra)
        ?? (hasNothing ? strangers : policies))
  }

  private static let strangers =
    "They have no tensor in common: if these files are the shards of one model, they "
    + "cannot be merged with each other; otherwise they are of different architectures"

  private static let policies =
    "All models of a merge must have the same tensors, unless --missing says what to do: base "
    + "copies the base's or first model's, skip leaves them out, present merges the models that "
    + "have them"

  static func list(_ title: String, _ names: [TensorName]) -> String {
    list(title, lines: names.map { escaped($0.description) })
  }

  static func list(_ title: String, lines: [String]) -> String {
    guard !lines.isEmpty else { return "" }
    let shown = lines.prefix(10).map { "\n  \($0)" }.joined()
    let rest = lines.count > 10 ? "\n  and \(lines.count - 10) more" : ""
    return "\n\(title) (\(lines.count)):" + shown + rest
  }

  /// Says so when all names that one side lacks are probably tied to others there.
  private static func tieHint(
    _ difference: ModelDifference, _ model: LoadedModel, _ resolver: TieResolver
  ) -> String? {
    var pairs: [(name: TensorName, partner: TensorName, owner: LoadedModel)] = []
    for (entries, owner) in [(difference.missing, model), (difference.extra, resolver.reference)] {
      for entry in entries {
        guard let partner = resolver.partner(of: entry, in: owner) else { return nil }
        pairs.append((entry.name, partner, owner))
      }
    }
    guard let first = pairs.first else { return nil }
    return "'\(escaped(first.name.description))' is probably tied to "
      + "'\(escaped(first.partner.description))' in \(first.owner.messageLabel), which then does not "
      + "store it: --tied takes it for that"
  }

  /// Says so when all names would match with a prefix such as `module.` taken off one side.
  private static func wrappingPrefix(missing: [TensorName], extra: [TensorName]) -> String? {
    guard missing.count == extra.count, let first = missing.min(by: shorter),
      let other = extra.min(by: shorter)
    else { return nil }
    if let text = prefix(of: extra, over: missing, other, first) {
      return
        "The names here are the same behind the prefix '\(escaped(text))': save the state dict "
        + "of the inner module"
    }
    if let text = prefix(of: missing, over: extra, first, other) {
      return "The names here lack the prefix '\(escaped(text))': save both models the same way"
    }
    return nil
  }

  /// What the names in `long` have in front of those in `short`, judged by one of each.
  private static func prefix(
    of long: [TensorName], over short: [TensorName], _ a: TensorName, _ b: TensorName
  ) -> String? {
    guard a.utf8.count > b.utf8.count, a.utf8.suffix(b.utf8.count).elementsEqual(b.utf8) else {
      return nil
    }
    let prefix = a.utf8.dropLast(b.utf8.count)
    guard prefix.last == UInt8(ascii: "."),
      Set(short.map { prefix + $0.utf8 }) == Set(long.map { $0.utf8[...] })
    else { return nil }
    return String(decoding: prefix, as: UTF8.self)
  }

  private static func shorter(_ a: TensorName, _ b: TensorName) -> Bool {
    (a.utf8.count, a) < (b.utf8.count, b)
  }
}
