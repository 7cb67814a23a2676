/// Explains how the tensors of two models differ, and guesses why.
package enum ModelMismatch {
  /// Throws `keyMismatch` or `shapeMismatch` unless both have the same names with the same shapes.
  package static func check(
    _ model: LoadedModel, against reference: LoadedModel
  ) throws(GPUMergeError) {
    let missing = reference.tensors.map(\.name).filter { model.positions[$0] == nil }
    let extra = model.tensors.map(\.name).filter { reference.positions[$0] == nil }
    guard missing.isEmpty, extra.isEmpty else {
      throw GPUMergeError(
        .keyMismatch,
        "its tensors are not those of \(reference.label)\(list("missing here", missing))"
          + list("only here", extra),
        file: model.path, subject: model.path == nil ? model.label : nil,
        advice: hint(missing: missing, extra: extra, model: model, reference: reference))
    }
    let different = reference.tensors.filter { $0.shape != model.tensor(named: $0.name)?.shape }
    guard different.isEmpty else {
      let lines = different.map { tensor in
        let shape = model.tensor(named: tensor.name)?.shape ?? []
        return "\(escaped(tensor.name.description)) \(shape) instead of \(tensor.shape)"
      }
      throw GPUMergeError(
        .shapeMismatch, "its shapes are not those of \(reference.label)\(list("different", lines))",
        file: model.path, subject: model.path == nil ? model.label : nil,
        advice: shapeHint(different, in: model))
    }
  }

  private static func list(_ title: String, _ names: [TensorName]) -> String {
    list(title, names.map { escaped($0.description) })
  }

  private static func list(_ title: String, _ lines: [String]) -> String {
    guard !lines.isEmpty else { return "" }
    let shown = lines.prefix(10).map { "\n  \($0)" }.joined()
    let rest = lines.count > 10 ? "\n  and \(lines.count - 10) more" : ""
    return "\n\(title) (\(lines.count)):" + shown + rest
  }

  private static func hint(
    missing: [TensorName], extra: [TensorName], model: LoadedModel, reference: LoadedModel
  ) -> String? {
    if let prefix = wrappingPrefix(missing: missing, extra: extra) { return prefix }
    if missing.count == reference.tensors.count, extra.count == model.tensors.count {
      return "They have no tensor in common: if these files are the shards of one model, they "
        + "cannot be merged with each other; otherwise they are of different architectures"
    }
    return "All models of a merge must have the same tensors"
  }

  /// Says so when all names would match with a prefix such as `module.` taken off one side.
  private static func wrappingPrefix(missing: [TensorName], extra: [TensorName]) -> String? {
    guard missing.count == extra.count, let first = missing.min(by: shorter),
      let other = extra.min(by: shorter)
    else { return nil }
    func prefix(
      of long: [TensorName], over short: [TensorName], _ a: TensorName, _ b: TensorName
    )
      -> String?
    {
      guard a.utf8.count > b.utf8.count, a.utf8.suffix(b.utf8.count).elementsEqual(b.utf8) else {
        return nil
      }
      let prefix = a.utf8.dropLast(b.utf8.count)
      guard prefix.last == UInt8(ascii: "."),
        Set(short.map { prefix + $0.utf8 }) == Set(long.map { $0.utf8[...] })
      else { return nil }
      return String(decoding: prefix, as: UTF8.self)
    }
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

  private static func shorter(_ a: TensorName, _ b: TensorName) -> Bool {
    (a.utf8.count, a) < (b.utf8.count, b)
  }

  /// Says so when every difference is in the first dimension of matrices: a resized vocabulary.
  private static func shapeHint(_ different: [TensorInfo], in model: LoadedModel) -> String? {
    let isResize = different.allSatisfy { tensor in
      guard let shape = model.tensor(named: tensor.name)?.shape, !shape.isEmpty,
        shape.count == tensor.shape.count
      else { return false }
      return shape.dropFirst() == tensor.shape.dropFirst()
    }
    let rows = Set(different.compactMap(\.shape.first))
    guard isResize, rows.count == 1 else { return "Shapes are never broadcast or cropped" }
    return "This looks like a resized vocabulary: resize the embeddings of one model "
      + "(resize_token_embeddings in transformers) so that both have as many rows"
  }
}
