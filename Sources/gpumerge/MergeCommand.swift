import ArgumentParser
import GPUMerge
import SystemPackage

/// Merges models: `gpumerge <models> ...`.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Merge the weights of neural networks on a GPU or the CPU.",
    usage: """
      gpumerge <models> ... [options]
      gpumerge --config <file> [options]
      gpumerge devices [--json]
      """,
    discussion: HelpText.discussion)

  @Argument(
    help: "The checkpoint files, safetensors or PyTorch (what torch.save writes).",
    completion: .file(), transform: { FilePath($0) })
  var models: [FilePath] = []

  @OptionGroup(title: "Files")
  var files: FileOptions

  @OptionGroup(title: "Method")
  var method: MethodOptions

  @OptionGroup(title: "Models that differ")
  var selection: SelectionOptions

  @OptionGroup(title: "Running")
  var execution: ExecutionOptions

  @OptionGroup(title: "Reporting")
  var reporting: ReportingOptions

  func validate() throws {
    if files.config != nil, !models.isEmpty {
      throw ValidationError("Name the models either here or in the file of --config, not in both")
    }
    if files.config == nil, models.isEmpty {
      throw ValidationError("There is no model to merge: name checkpoint files, or give --config")
    }
    for path in models + [files.output, files.config, files.base].compactMap(\.self)
    where path.isEmpty {
      throw ValidationError("A file name is empty")
    }
  }

  /// What to do, from the command line and the configuration file.
  func job() throws(GPUMergeError) -> MergeJob {
    let configuration: Configuration? =
      if let file = files.config { try Configuration(contentsOf: file) } else { nil }
    let models = configuration?.models.map(\.path) ?? models
    guard let first = models.first else {
      throw GPUMergeError(.configuration, "there is no model to merge", file: files.config)
    }
    return MergeJob(
      pool: ModelPool(
        checkpoints: models, base: files.base ?? configuration?.base),
      algorithm: try MethodChoice(options: method, configuration: configuration)
        .algorithm(modelCount: models.count),
      output: files.output ?? Self.defaultOutput(forFirst: first),
      overwritesOutput: files.force, dtype: method.dtype ?? configuration?.dtype,
      selection: selection.selection(over: configuration?.selection),
      execution: execution.values, reporting: reporting.values)
  }

  /// `merged`, with the extension of the first model.
  private static func defaultOutput(forFirst model: FilePath) -> FilePath {
    var output = FilePath("merged")
    output.extension = model.extension
    return output
  }
}
