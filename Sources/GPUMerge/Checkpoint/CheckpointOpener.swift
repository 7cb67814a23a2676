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
    let file = try InputFile(opening: path)
    do throws(GPUMergeError) {
      return try open(file, options: options)
    } catch {
      throw explained(error, by: path)
    }
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

  /// Adds what the name says about a file that could not be read; names decide nothing else.
  private static func explained(_ error: GPUMergeError, by path: FilePath) -> GPUMergeError {
    var error = error
    guard error.kind != .io, error.kind != .inputChanged else { return error }
    switch path.extension {
    case "distcp":
      error = GPUMergeError(
        .unsupportedFormat,
        "this is a part of a distributed checkpoint (torch.distributed.checkpoint), which GPUMerge "
          + "does not read", file: error.file, advice: ForeignFormat.convertDistributed)
    case "incomplete", "part", "crdownload", "download", "aria2":
      error.advice = "Its name says that it was never downloaded to the end: download it again"
    default: break
    }
    return error
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
