package import SystemPackage

/// What of a model's folder goes with its weights, opened before any work, so that a file that cannot
/// be read is noticed in time.
package struct CompanionFolder {
  package private(set) var files: [CompanionFile] = []
  package private(set) var warnings: [String] = []
  private let folder: InputFolder
  private let limits: Limits

  /// Opens the files; links, as the Hugging Face cache has them, are followed.
  package init(_ path: FilePath, copiesCode: Bool, limits: Limits) throws(GPUMergeError) {
    guard let folder = try InputFolder(ifFolderAt: path) else {
      throw GPUMergeError(.inputChanged, "the folder is not there any more", file: path)
    }
    self.folder = folder
    self.limits = limits
    let names = folder.names(limit: .max)
    for name in names {
      if ModelFolderContents.isKnownFolder(name) {
        try addFolder(name)
      } else if ModelFolderContents.isCompanion(name) {
        try add(name)
      }
    }
    let code = names.filter { ModelFolderContents.isCode($0) }
    if copiesCode {
      for name in code { try add(name) }
    } else if let first = code.first {
      warnings.append(
        "the code in the folder (\(code.count == 1 ? first : "\(first) and other *.py files")), "
          + "which some models need to be loaded, is left out; --copy-code copies it")
    }
  }

  private mutating func addFolder(_ name: String) throws(GPUMergeError) {
    let names = folder.names(below: FilePath(name), limit: .max)
    for file in names where ModelFolderContents.isCompanion(file, in: name) {
      try add("\(name)/\(file)")
    }
    if names.contains(where: ModelFolderContents.isWeights) {
      warnings.append(
        "\(name) has weights of its own, which are not merged and not copied; merge them with a "
          + "command of their own")
    }
  }

  private mutating func add(_ name: String) throws(GPUMergeError) {
    guard files.count < limits.companionCount else {
      throw GPUMergeError(
        .unsupportedFormat, "there are more than \(limits.companionCount) files beside the weights",
        file: folder.path, advice: "Move what is not of the model elsewhere")
    }
    let file = try open(name)
    guard file.byteCount <= limits.companionByteCount else {
      throw GPUMergeError(
        .unsupportedFormat,
        "the file, which is to be copied to the output, has \(byteCountText(file.byteCount)), more "
          + "than the limit of \(limits.companionByteCount)", file: file.path,
        advice: "Move it elsewhere, if the model does not need it")
    }
    files.append(CompanionFile(name, .copy(file)))
  }

  private func open(_ name: String) throws(GPUMergeError) -> InputFile {
    do throws(GPUMergeError) {
      return try InputFile(opening: FilePath(name), in: folder)
    } catch {
      var error = error
      error.problem = "the file is to be copied to the output, but \(error.problem)"
      error.advice = "Repair it, or remove it if the model does not need it"
      throw error
    }
  }
}
