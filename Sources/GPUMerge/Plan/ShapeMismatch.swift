/// Explains tensors of different shapes; nothing is ever broadcast or cropped.
enum ShapeMismatch {
  static func error(
    _ different: [ModelDifference.Shape], _ model: LoadedModel, _ reference: LoadedModel
  ) -> GPUMergeError {
    let lines = different.map {
      "\(escaped($0.name.description)) \($0.shape) instead of \($0.expected)"
    }
    return GPUMergeError(
      .shapeMismatch,
      "its shapes are not those of \(reference.messageLabel)"
        + ModelMismatch.list("different", lines: lines),
      file: model.path, subject: model.path == nil ? model.label : nil,
      advice: vocabularyHint(different)
        ?? "Shapes are never broadcast or cropped; --keep PATTERN copies tensors from the base or "
        + "first model instead")
  }

  /// Says so when all differences are rows of embeddings and heads: a resized vocabulary.
  private static func vocabularyHint(_ different: [ModelDifference.Shape]) -> String? {
    let isResize = different.allSatisfy {
      $0.shape.count == $0.expected.count && (1...2).contains($0.shape.count)
        && $0.shape.dropFirst() == $0.expected.dropFirst()
        && !BackboneRule.isBackbone($0.name)
    }
    let rows = Set(different.map { [$0.shape.first, $0.expected.first] })
    guard isResize, rows.count == 1, different.contains(where: { $0.shape.count == 2 }) else {
      return nil
    }
    return "This looks like a resized vocabulary: resize the embeddings of one model "
      + "(resize_token_embeddings in transformers), or keep those of the base or first model with "
      + "--backbone-only\(keepOptions(different))"
  }

  /// Options to paste into a shell that keep exactly these tensors.
  private static func keepOptions(_ different: [ModelDifference.Shape]) -> String {
    let patterns = different.map { NameGlob.escaping($0.name) }
    // Names that do not come through a shell or a terminal unchanged are better not pasted.
    guard patterns.count <= 4, patterns.allSatisfy({ $0 == escaped($0) && !$0.contains("'") })
    else {
      return ""
    }
    return " or " + patterns.map { "--keep '\($0)'" }.joined(separator: " ")
  }
}
