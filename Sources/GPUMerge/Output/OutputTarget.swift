public import SystemPackage

/// Where a merge writes.
public enum OutputTarget: Sendable, Hashable {
  /// One file.
  case file(FilePath, CheckpointFormat)
  /// A folder that Hugging Face's libraries load: safetensors files of at most so many bytes of
  /// tensors each, their index, and the configuration and tokenizer of the base or first model.
  case folder(FilePath, maxShardByteCount: Int = OutputTarget.defaultMaxShardByteCount)

  /// 5 GB, as `huggingface_hub` has it.
  public static let defaultMaxShardByteCount = 5_000_000_000

  /// The path, as it was given.
  public var path: FilePath {
    switch self {
    case .file(let path, _): path
    case .folder(let path, _): path
    }
  }
}
