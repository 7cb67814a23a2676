/// The places of a model's config.json that say which type its weights have, and whether the output head
/// is the embedding.
///
/// transformers calls the type `torch_dtype` up to version 4 and `dtype` since version 5, and says it again
/// in the configurations of a model's parts (`text_config` and others).
package struct ConfigurationEdit {
  private var scanner: JSONScanner
  private var types: [Range<Int>] = []
  /// Where `tie_word_embeddings` is true, of the model or of its language model.
  private var ties: [Range<Int>] = []

  /// The types that may be replaced; what else is there, such as `auto`, stays.
  private static let known: Set<String> = [
    "float64", "float32", "float16", "bfloat16", "double", "float", "half",
  ]

  /// Finds the places in the text of a config.json.
  package init(of text: [UInt8]) throws(GPUMergeError) {
    scanner = try JSONScanner(text, errorKind: .configuration)
    let found = try object(tellsTies: true)
    try scanner.end()
    types = found.types
    ties = found.ties
  }

  /// The text with another type, if one is given, and with its ties untied, if that is asked for; otherwise
  /// byte for byte the same.
  package func text(with dtype: DType?, untied: Bool = false) -> [UInt8] {
    var edits: [(place: Range<Int>, word: String)] = []
    if let name = dtype?.torchName { edits += types.map { ($0, name) } }
    if untied { edits += ties.map { ($0, "false") } }
    var result: [UInt8] = []
    var end = 0
    for edit in edits.sorted(by: { $0.place.lowerBound < $1.place.lowerBound }) {
      result += scanner.text[end..<edit.place.lowerBound]
      result += Array(edit.word.utf8)
      end = edit.place.upperBound
    }
    return result + scanner.text[end...]
  }

  private struct Finding {
    var types: [Range<Int>] = []
    var ties: [Range<Int>] = []
    var hasModelType = false
  }

  private mutating func object(tellsTies: Bool) throws(GPUMergeError) -> Finding {
    var finding = Finding()
    try scanner.beginObject("an object")
    while let key = try scanner.nextKey() {
      let name = key.value(in: scanner.text)
      switch scanner.peek() {
      case UInt8(ascii: "\"") where name == "dtype" || name == "torch_dtype":
        if let place = place(of: try scanner.string("a type")) { finding.types.append(place) }
      case UInt8(ascii: "t") where tellsTies && name == "tie_word_embeddings":
        let start = scanner.position
        try scanner.skipValue()
        finding.ties.append(start..<scanner.position)
      case UInt8(ascii: "{"):
        let part = try object(tellsTies: tellsTies && name == "text_config")
        finding.ties += part.ties
        // `quantization_config` has types of another meaning.
        let isConfiguration =
          name != "quantization_config" && (part.hasModelType || name.hasSuffix("_config"))
        if isConfiguration { finding.types += part.types }
      default: try scanner.skipValue()
      }
      if name == "model_type" { finding.hasModelType = true }
    }
    return finding
  }

  /// Where the type stands in a string, without `torch.`.
  private func place(of string: JSONString) -> Range<Int>? {
    guard !string.hasEscapes else { return nil }
    var start = string.start
    if scanner.text[start..<string.end].starts(with: "torch.".utf8) { start += 6 }
    let word = String(decoding: scanner.text[start..<string.end], as: UTF8.self)
    return Self.known.contains(word) ? start..<string.end : nil
  }
}
