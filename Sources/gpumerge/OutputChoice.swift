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
      path.extension = file.extension
    }
    hasSlash = false
  }

  /// Whether this can only be a file.
  var isFile: Bool {
    !hasSlash && CheckpointFormat(knownExtension: path.extension) != nil && !Folder.isFolder(path)
  }

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
