import Glibc
package import SystemPackage

/// The name that an output is going to have, and those of what stands beside it meanwhile.
package struct OutputName: Sendable {
  /// The path with a symbolic link at its end followed.
  package let path: FilePath
  package let isFolder: Bool

  package init(_ target: OutputTarget) throws(GPUMergeError) {
    path = try Self.resolvingLink(target.path)
    isFolder = if case .folder = target { true } else { false }
    guard path.lastComponent?.kind == .regular else {
      throw GPUMergeError(
        .cannotCreate, "this is not a name that an output can have", file: target.path,
        advice: "Choose another name with -o")
    }
  }

  /// The folder in which the output appears.
  package var parent: Folder { .of(path) }
  /// Where the output is made.
  package var workFolder: Folder { Folder(sibling("gpumerge-partial")) }
  package var lockPath: FilePath { sibling("gpumerge.lock") }

  private func sibling(_ suffix: String) -> FilePath {
    path.removingLastComponent().appending("\(path.lastComponent?.string ?? "output").\(suffix)")
  }

  /// Throws unless files can be created where the output shall be.
  package func checkParent() throws(GPUMergeError) {
    guard Folder.status(parent.path) != nil else {
      throw GPUMergeError(
        .cannotCreate, "there is no folder \(escaped(parent.path.string, limit: 4096))", file: path,
        advice: "Create it first")
    }
    guard parent.isWritable else { throw .system("cannot write to the folder", path) }
    // In the Hugging Face cache, links lead to blobs that several snapshots share.
    let names = parent.path.components.map(\.string)
    if let model = names.firstIndex(where: { $0.hasPrefix("models--") }),
      names[model...].contains("blobs")
    {
      throw GPUMergeError(
        .cannotCreate, "the output would replace a file of the Hugging Face cache", file: path,
        advice: "Choose another name with -o")
    }
  }

  private static func resolvingLink(_ path: FilePath) throws(GPUMergeError) -> FilePath {
    var status = stat()
    guard path.withPlatformString({ lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFLNK
    else { return path }
    guard let target = path.withPlatformString({ realpath($0, nil) }) else {
      throw GPUMergeError(
        .cannotCreate, "the output is a symbolic link that leads nowhere", file: path,
        advice: "Remove it, or choose another name with -o")
    }
    defer { free(target) }
    return FilePath(platformString: target)
  }
}
