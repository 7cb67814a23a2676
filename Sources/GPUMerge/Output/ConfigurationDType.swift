/// The places of a model's config.json that say which type its weights have.
///
/// transformers calls it `torch_dtype` up to version 4 and `dtype` since version 5, and says it again
/// in the configurations of a model's parts (`text_config` and others).
package struct ConfigurationDType {
  private var scanner: JSONScanner
  private var places: [Range<Int>] = []

  /// The types that may be replaced; what else is there, such as `auto`, stays.
  private static let known: Set<String> = [
    "float64", "float32", "float16", "bfloat16", "double", "float", "half",
  ]

  /// Finds the places in the text of a config.json.
  package init(of text: [UInt8]) throws(GPUMergeError) {
    scanner = try JSONScanner(text, errorKind: .configuration)
    let found = try object()
    try scanner.end()
    places = found.places.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// The text with another type, and otherwise byte for byte the same.
  package func text(with dtype: DType) -> [UInt8] {
    guard let name = dtype.torchName else { return scanner.text }
    var result: [UInt8] = []
    var end = 0
    for place in places {
      result += scanner.text[end..<place.lowerBound]
      result += Array(name.utf8)
      end = place.upperBound
    }
    return result + scanner.text[end...]
  }

  private typealias Finding = (places: [Range<Int>], hasModelType: Bool)

  private mutating func object() throws(GPUMergeError) -> Finding {
    var finding: Finding = ([], false)
    try scanner.beginObject("an object")
    while let key = try scanner.nextKey() {
      let name = key.value(in: scanner.text)
      switch scanner.peek() {
      case UInt8(ascii: "\"") where name == "dtype" || name == "torch_dtype":
        if let place = place(of: try scanner.string("a type")) { finding.places.append(place) }
      case UInt8(ascii: "{"):
        let part = try object()
        // `quantization_config` has types of another meaning.
        let isConfiguration =
          name != "quantization_config" && (part.hasModelType || name.hasSuffix("_config"))
        if isConfiguration { finding.places += part.places }
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
