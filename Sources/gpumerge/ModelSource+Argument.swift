import GPUMerge
import Glibc
import SystemPackage

extension ModelSource {
  /// What a user means by a model's name: a file or folder that exists, else a model of the Hugging
  /// Face Hub if it is called as one (`org/name` or `org/name@revision`), else a file that is missing.
  ///
  /// `text` is the name as the user wrote it, where `path` is relative to something else.
  init(argument path: FilePath, text: String? = nil) {
    let text = text ?? path.string
    if !Self.exists(path), !Self.isFileName(text), let reference = HubReference(parsing: text) {
      self = .hub(reference)
    } else {
      self = .checkpoint(path)
    }
  }

  /// Whether a name that nothing has is more likely a misspelt file than a repository.
  private static func isFileName(_ text: String) -> Bool {
    [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".json"].contains { text.hasSuffix($0) }
  }

  private static func exists(_ path: FilePath) -> Bool {
    var status = stat()
    return path.withPlatformString { lstat($0, &status) } == 0
  }
}
