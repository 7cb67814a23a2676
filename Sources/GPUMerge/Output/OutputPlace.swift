import Glibc
package import SystemPackage

/// The place of an output, checked before any work: nothing of the user's is lost there, and no input
/// is in the way.
package struct OutputPlace: Sendable {
  package let name: OutputName
  /// Whether something is there that the output replaces.
  package let replaces: Bool

  package var path: FilePath { name.path }
  package var isFolder: Bool { name.isFolder }
  package var parent: Folder { name.parent }
  package var workFolder: Folder { name.workFolder }

  /// Checks a place, without changing anything.
  package init(
    _ name: OutputName, overwrite: Bool, inputs: [InputFile]
  ) throws(GPUMergeError) {
    self.name = name
    try Self.check(inputs, outside: name.workFolder)
    guard let status = Folder.status(name.path) else {
      replaces = false
      return
    }
    replaces = true
    let identity = InputFile.Identity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    try check(inputs, identity)
    try check(status, overwrite: overwrite)
  }

  private func check(_ status: stat, overwrite: Bool) throws(GPUMergeError) {
    let kind = status.st_mode & S_IFMT
    guard kind == (isFolder ? S_IFDIR : S_IFREG) else {
      let found =
        kind == S_IFDIR ? "a folder" : kind == S_IFREG ? "a file" : "neither a file nor a folder"
      throw GPUMergeError(
        .cannotCreate, "the output exists and is \(found)", file: path,
        advice: isFolder ? "Name a folder" : "Name a file, or a folder with a '/' at its end")
    }
    guard !isFolder || Folder(path).isReadable else {
      throw GPUMergeError(
        .cannotCreate, "there is no permission to see what is in the output folder", file: path,
        advice: "Choose another folder with -o")
    }
    let entries = isFolder ? Folder(path).entries() : [path.string]
    guard !entries.isEmpty else { return }  // An empty folder is as good as none.
    guard overwrite else {
      throw GPUMergeError(
        .outputExists, "the output exists", file: path,
        advice: "Choose another name with -o, or overwrite it with --force")
    }
    let unknown = isFolder ? Folder(path).entriesOutsideModel : []
    guard unknown.isEmpty else {
      let names = unknown.prefix(5).map { "'\(escaped($0))'" }.joined(separator: ", ")
      throw GPUMergeError(
        .outputExists,
        "the folder holds what is not of a model: \(names)\(unknown.count > 5 ? ", …" : "")",
        file: path,
        advice: "Move that elsewhere, or choose another folder; only model files are replaced")
    }
  }

  private func check(
    _ inputs: [InputFile], _ identity: InputFile.Identity
  ) throws(GPUMergeError) {
    for input in inputs {
      if input.identity == identity {
        throw GPUMergeError(
          .outputExists, "the output is one of the inputs, \(input.path)", file: path,
          advice: "Choose another name with -o")
      }
      if isFolder, Self.isInside(input.path, folder: identity) {
        throw GPUMergeError(
          .outputExists, "the output folder holds one of the inputs, \(input.path)", file: path,
          advice: "Choose another folder with -o")
      }
    }
  }

  /// Refuses inputs where leftovers are cleared away.
  private static func check(
    _ inputs: [InputFile], outside work: Folder
  ) throws(GPUMergeError) {
    guard let identity = work.identity,
      let input = inputs.first(where: { isInside($0.path, folder: identity) })
    else { return }
    throw GPUMergeError(
      .outputExists,
      "the folder of an unfinished merge to this output holds one of the inputs, "
        + "\(input.path)", file: work.path,
      advice: "Move it out of there, or choose another name with -o")
  }

  /// Whether a file lies in a folder or below, however its path is spelled.
  private static func isInside(_ file: FilePath, folder: InputFile.Identity) -> Bool {
    guard let resolved = file.withPlatformString({ realpath($0, nil) }) else { return false }
    defer { free(resolved) }
    // The path as given, too: a link in the folder may lead to a file elsewhere.
    for start in [FilePath(platformString: resolved), file] {
      var path = start.removingLastComponent()
      while true {
        if Folder(path).identity == folder { return true }
        guard !path.components.isEmpty else { break }
        path.removeLastComponent()
      }
    }
    return false
  }
}
