import GPUMerge
import Testing

/// A folder that lies, named after the lie, and how it must be refused.
struct HostileFolder: Sendable, CustomTestStringConvertible {
  let lie: String
  let kind: GPUMergeError.Kind
  /// What the message must say.
  let message: String
  /// Makes the lie in a folder with a good model of two shards.
  let make: @Sendable (TestFolder) throws -> Void

  var testDescription: String { lie }

  init(
    _ lie: String, _ kind: GPUMergeError.Kind, _ message: String,
    _ make: @escaping @Sendable (TestFolder) throws -> Void
  ) {
    self.lie = lie
    self.kind = kind
    self.message = message
    self.make = make
  }

  /// An index with this text.
  static func index(
    _ lie: String, _ text: String, _ message: String, _ kind: GPUMergeError.Kind = .indexJSON
  ) -> HostileFolder {
    HostileFolder(lie, kind, message) { try $0.write(text, to: "model.safetensors.index.json") }
  }

  /// An index that names this shard, as JSON text.
  static func path(_ lie: String, _ shard: String, _ message: String) -> HostileFolder {
    .index(lie, #"{"weight_map":{"a":"\#(shard)"}}"#, message, .indexPath)
  }
}
