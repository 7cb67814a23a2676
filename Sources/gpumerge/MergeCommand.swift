import ArgumentParser
import GPUMerge
import SystemPackage

/// Merges models: `gpumerge <models> ...`.
struct MergeCommand: ParsableCommand, InterruptibleCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Merge the weights of neural networks on a GPU or the CPU.",
    usage: """
      gpumerge <models> ... [options]
      gpumerge --config <file> [options]
      gpumerge devices [--json]
      gpumerge bench [--device <device>] [--folder <folder>] [--json]
      """,
    discussion: HelpText.discussion)

  @Argument(
    help: ArgumentHelp(
      "The models: checkpoint files (safetensors, or what torch.save writes), folders, or models in "
        + "the cache of the Hugging Face Hub (org/name or org/name@revision)."),
    completion: .file(), transform: { FilePath(argument: $0) })
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
      throw ValidationError("There is no model to merge: name checkpoints, or give --config")
    }
    for path in models + [files.output?.path, files.config, files.base].compactMap(\.self)
    where path.isEmpty {
      throw ValidationError("A file name is empty")
    }
    if files.output?.path == "-" {
      throw ValidationError(
        "The output is not written in order, so it cannot be a pipe; a file of this name is ./-")
    }
  }

  /// What to do, from the command line and the configuration file.
  func job() throws(GPUMergeError) -> any Job {
    try SeparatedWeights.check(method.weights, models: self.models)
    let configuration: Configuration? =
      if let file = files.config {
        try Configuration(contentsOf: file, ignoringMethod: method.method != nil)
      } else {
        nil
      }
    let models =
      configuration?.models.map(\.source) ?? models.map { ModelSource(argument: $0) }
    guard let first = models.first else {
      throw GPUMergeError(.configuration, "there is no model to merge", file: files.config)
    }
    if files.maxShardSize != nil, let output = files.output, output.isFile {
      throw GPUMergeError(
        .usage, "--max-shard-size is for output folders",
        advice: "Name a folder with -o, with a '/' at its end")
    }
    if let file = files.config, let output = files.output?.path,
      let identity = Folder(file).identity, Folder(output).identity == identity
    {
      throw GPUMergeError(
        .outputExists, "the output is the configuration", file: output,
        advice: "Choose another name with -o")
    }
    try files.output?.checkExtension()
    return MergeJob(
      configuration: configuration,
      pool: ModelPool(
        models, base: files.base.map { ModelSource(argument: $0) } ?? configuration?.base),
      algorithm: try MethodChoice(options: method, configuration: configuration)
        .algorithm(modelCount: models.count),
      output: files.output ?? OutputChoice(forFirst: first),
      maxShardByteCount: files.maxShardSize?.value ?? configuration?.maxShardByteCount,
      copiesCode: files.copyCode || configuration?.copiesCode == true,
      overwritesOutput: files.force,
      restarts: files.restart, dtype: method.dtype ?? configuration?.dtype,
      selection: selection.selection(over: configuration?.selection),
      reading: reading(configuration), execution: execution.values, reporting: reporting.values)
  }

  private func reading(_ configuration: Configuration?) -> ReadingOptions {
    var reading = ReadingOptions()
    reading.root = execution.root ?? configuration?.root
    reading.variant = execution.variant ?? configuration?.variant
    reading.allowsOpaqueObjects =
      execution.allowOpaque || configuration?.allowsOpaqueObjects == true
    return reading
  }
}
