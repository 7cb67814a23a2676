import SystemPackage

/// Whether the models' tokenizers are the same, as the rows of their embeddings mean tokens.
enum TokenizerChecks {
  private static let names = [
    "tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt",
  ]
  /// Files of the same size that are larger than this are taken for equal, which they mostly are.
  private static let maximumByteCount = 32 << 20
  private static let pieceByteCount = 64 << 10

  /// A warning for each model with a file that differs from that of the first model that has it.
  static func warnings(_ models: [LoadedModel]) -> [String] {
    names.flatMap { warnings(models, about: $0) }
  }

  private static func warnings(_ models: [LoadedModel], about name: String) -> [String] {
    var reference: (file: InputFile, label: String)?
    return models.compactMap { model in
      guard let folder = model.checkpoint?.folder,
        let file = try? InputFile(opening: folder.appending(name))
      else { return nil }
      guard let reference else {
        reference = (file, model.label)
        return nil
      }
      guard !isSame(file, reference.file) else { return nil }
      return "\(escaped(model.label, limit: 4096)): its \(name) is not that of "
        + "\(escaped(reference.label, limit: 4096)): if a token has another number in it, the "
        + "average of the embeddings makes no sense"
    }
  }

  private static func isSame(_ file: InputFile, _ other: InputFile) -> Bool {
    guard file.byteCount == other.byteCount else { return false }
    guard file.identity != other.identity, file.byteCount <= maximumByteCount else { return true }
    for offset in stride(from: 0, to: file.byteCount, by: pieceByteCount) {
      let count = min(pieceByteCount, file.byteCount - offset)
      guard let piece = try? file.bytes(at: offset, count: count),
        let otherPiece = try? other.bytes(at: offset, count: count)
      else { return true }  // It is the merge's affair to complain about a broken disk.
      guard piece == otherPiece else { return false }
    }
    return true
  }
}
