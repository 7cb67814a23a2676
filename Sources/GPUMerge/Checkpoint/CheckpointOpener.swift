package import SystemPackage

extension Checkpoint {
  /// Opens a checkpoint of any format that GPUMerge reads; what the file holds decides, not its name.
  package static func open(
    _ path: FilePath, options: ReadingOptions = ReadingOptions()
  ) throws(GPUMergeError) -> Checkpoint {
    let file = try InputFile(opening: path)
    switch try format(of: file, limits: options.limits) {
    case .safetensors: return try SafetensorsReader.open(file, limits: options.limits)
    case .pytorch: return try PyTorchReader.open(file, options: options)
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
