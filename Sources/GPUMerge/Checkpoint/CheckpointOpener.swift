package import SystemPackage

extension Checkpoint {
  /// Opens a checkpoint of any format that GPUMerge reads, a file or a folder.
  ///
  /// What a file holds decides, not its name, but for the index of a sharded checkpoint.
  package static func open(
    _ path: FilePath, options: ReadingOptions = ReadingOptions()
  ) throws(GPUMergeError) -> Checkpoint {
    if let folder = try InputFolder(ifFolderAt: path) {
      return try FolderReader.open(folder, options: options)
    }
    if let name = path.lastComponent?.string, WeightsFile(indexName: name) != nil {
      let parent = path.removingLastComponent()
      if let folder = try InputFolder(ifFolderAt: parent.isEmpty ? "." : parent) {
        return try FolderReader.open(folder, index: name, options: options)
      }
    }
    return try open(InputFile(opening: path), options: options)
  }

  /// Reads the header of a file, whose content decides what it is.
  static func open(
    _ file: InputFile, options: ReadingOptions
  ) throws(GPUMergeError) -> Checkpoint {
    switch try format(of: file, limits: options.limits) {
    case .safetensors: try SafetensorsReader.open(file, limits: options.limits)
    case .pytorch: try PyTorchReader.open(file, options: options)
    }
  }

  private static func format(
    of file: InputFile, limits: Limits
  ) throws(GPUMergeError) -> CheckpointFormat {
    let prefix = try file.bytes(at: 0, count: min(file.byteCount, FormatSniffer.prefixByteCount))
    do throws(GPUMergeError) {
      return try FormatSniffer.format(of: prefix, limits: limits)
    } catch {
      var error = error
      error.file = file.path
      throw error
    }
  }
}
