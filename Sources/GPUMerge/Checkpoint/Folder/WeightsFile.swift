/// The name of a file with a model's weights in a folder, as transformers and PEFT give them.
struct WeightsFile: Hashable, Sendable {
  /// Such as `model.safetensors`, without a variant.
  var name: String
  /// Such as `fp16` in `model.fp16.safetensors`.
  var variant: String?

  /// A model's files, in the order in which they are looked for.
  static let models = ["model.safetensors", "pytorch_model.bin"]
  /// An adapter's files, in the order in which they are looked for.
  static let adapters = ["adapter_model.safetensors", "adapter_model.bin"]

  init(_ name: String, variant: String? = nil) {
    self.name = name
    self.variant = variant
  }

  /// What the name of an index stands for, such as `model.safetensors.index.fp16.json`; nil if it is
  /// no index.
  init?(indexName: String) {
    var parts = indexName.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.popLast() == "json", let last = parts.popLast() else { return nil }
    if last != "index" {
      guard parts.popLast() == "index" else { return nil }
      variant = String(last)
    }
    guard let kind = parts.last, kind == "safetensors" || kind == "bin" else { return nil }
    name = parts.joined(separator: ".")
  }

  /// The name of the one file with all weights.
  var singleName: String { Self.insert(variant, beforeExtensionOf: name) }

  /// The name of the file that lists the shards.
  var indexName: String { Self.insert(variant, beforeExtensionOf: "\(name).index.json") }

  /// The extension of the weights themselves.
  var fileExtension: String { String(name.suffix(from: Self.extensionStart(of: name)).dropFirst()) }

  /// The variant that `fileName` is of this file or its index; nil if it is neither.
  func variant(in fileName: String) -> String? {
    for plain in [name, "\(name).index.json"] {
      let start = Self.extensionStart(of: plain)
      let (before, after) = (plain[..<start] + ".", plain[start...])
      guard fileName.hasPrefix(before), fileName.hasSuffix(after),
        fileName.utf8.count > before.utf8.count + after.utf8.count
      else { continue }
      let variant = fileName.dropFirst(before.count).dropLast(after.count)
      // A shard, as in model.fp16-00001-of-00002.safetensors, is no variant of its own, nor is an
      // index one of the single file.
      if !variant.contains("-of-"), !variant.contains(".") { return String(variant) }
    }
    return nil
  }

  private static func insert(_ variant: String?, beforeExtensionOf name: String) -> String {
    guard let variant else { return name }
    let start = extensionStart(of: name)
    return "\(name[..<start]).\(variant)\(name[start...])"
  }

  /// The index of the last dot.
  private static func extensionStart(of name: String) -> String.Index {
    name.lastIndex(of: ".") ?? name.endIndex
  }
}
