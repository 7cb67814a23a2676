import GPUMerge
import SystemPackage

/// The value of `--output`: a path, and whether it was written as that of a folder.
struct OutputChoice: Sendable, Hashable {
  var path: FilePath
  private var hasSlash: Bool

  init(parsing text: String) {
    path = FilePath(argument: text)
    hasSlash = text.hasSuffix("/")
  }

  /// `merged`, with the extension of the first model if it is a file.
  init(forFirst model: ModelSource) {
    path = FilePath("merged")
    // An index stands for its folder.
    if case .checkpoint(let file) = model, file.extension != "json", !Folder.isFolder(file) {
      path.extension = Self.isForeign(file.extension) ? nil : file.extension
    }
    hasSlash = false
  }

  /// Whether this can only be a file.
  var isFile: Bool {
    !hasSlash && CheckpointFormat(knownExtension: path.extension) != nil && !Folder.isFolder(path)
  }

  /// Refuses a name that says that the output is something else than gpumerge writes.
  func checkExtension() throws(GPUMergeError) {
    guard !hasSlash, !Folder.isFolder(path), let name = path.extension, Self.isForeign(name) else {
      return
    }
    throw GPUMergeError(
      .usage, "gpumerge writes no .\(escaped(name)) files", file: path,
      advice:
        "Name a .safetensors file, a PyTorch file (.bin, .pt, .pth or .ckpt), or a folder with a "
        + "'/' at its end")
  }

  /// Whether files with this extension have a format that gpumerge does not write.
  private static func isForeign(_ name: String?) -> Bool {
    name.map { foreignExtensions.contains($0.lowercased()) } ?? false
  }

  private static let foreignExtensions: Set<String> = [
    "gguf", "ggml", "onnx", "h5", "hdf5", "keras", "msgpack", "npy", "npz", "pkl", "pickle", "pb",
    "tflite", "mlmodel", "zip", "tar", "gz", "json", "yml", "yaml", "txt", "md",
  ]

  /// What is to be written.
  ///
  /// Without an extension, the output is what the first model is.
  func target(
    isFirstModelFolder: Bool, defaultFormat: CheckpointFormat, maxShardByteCount: Int?
  ) -> OutputTarget {
    let isFolder =
      hasSlash || Folder.isFolder(path)
      || (CheckpointFormat(knownExtension: path.extension) == nil && isFirstModelFolder)
    if isFolder {
      return .folder(
        path, maxShardByteCount: maxShardByteCount ?? OutputTarget.defaultMaxShardByteCount)
    }
    return .file(
      path, path.extension == nil ? defaultFormat : CheckpointFormat(fileExtension: path.extension))
  }
}
