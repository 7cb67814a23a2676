import GPUMerge

extension DType {
  /// The types that a merged tensor can have, by the names that users of PyTorch write.
  private static let names: KeyValuePairs<String, DType> = [
    "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "float64": .float64,
    "fp32": .float32, "f32": .float32, "float": .float32,
    "fp16": .float16, "f16": .float16, "half": .float16,
    "bf16": .bfloat16,
    "fp64": .float64, "f64": .float64, "double": .float64,
  ]

  /// Understands the names of the averaged types, with or without `torch.` in front.
  init(parsing text: String) throws(GPUMergeError) {
    let lowercased = text.lowercased()
    let word = lowercased.hasPrefix("torch.") ? String(lowercased.dropFirst(6)) : lowercased
    guard let match = Self.names.first(where: { $0.key == word }) else {
      let suggestion = nearest(to: word, in: Self.names.map(\.key)).map { "Did you mean \($0)?" }
      throw GPUMergeError(
        .usage, "merged tensors cannot be of type '\(escaped(text))'",
        advice: suggestion ?? "Choose float32, float16, bfloat16 or float64")
    }
    self = match.value
  }
}
