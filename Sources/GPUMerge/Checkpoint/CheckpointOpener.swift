package import SystemPackage

extension Checkpoint {
  /// Opens a checkpoint of any format that GPUMerge reads; what the file holds decides, not its name.
  ///
  /// `root` names the dictionary entry that holds the tensors of a PyTorch checkpoint, where several
  /// could.
  package static func open(
    _ path: FilePath, limits: Limits = Limits(), root: String? = nil
  ) throws(GPUMergeError) -> Checkpoint {
    let file = try InputFile(opening: path)
    switch try format(of: file, limits: limits) {
    case .safetensors: return try SafetensorsReader.open(file, limits: limits)
    case .pytorch: return try PyTorchReader.open(file, limits: limits, root: root)
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
