import GPUMerge

extension DType {
  /// The types that a merged tensor can have, by the names that users of PyTorch write.
  private static let names: KeyValuePairs<String, DType> = [
    "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "float64": .float64,
    "float8_e4m3fn": .float8E4M3, "float8_e5m2": .float8E5M2,
    "float8_e4m3fnuz": .float8E4M3FNUZ, "float8_e5m2fnuz": .float8E5M2FNUZ,
    "fp8_e4m3fn": .float8E4M3, "fp8_e5m2": .float8E5M2,
    "f8_e4m3": .float8E4M3, "f8_e5m2": .float8E5M2,
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
      // "fp8" alone is no type, and closer to those of other widths than to those of its own.
      let candidates = Self.names.map(\.key).filter { word.contains("8") == $0.contains("8_") }
      let suggestion = nearest(to: word, in: candidates).map { "Did you mean \($0)?" }
      throw GPUMergeError(
        .usage, "merged tensors cannot be of type '\(escaped(text))'",
        advice: suggestion ?? "Choose one of \(DType.averagedNames)")
    }
    self = match.value
  }
}
