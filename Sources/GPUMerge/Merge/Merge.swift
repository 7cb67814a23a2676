/// One merge from opened models to a finished output: open, plan, run, commit.
package struct Merge: Sendable {
  package let planner: Planner
  package let steps: [Step]
  /// Further names of what the steps make.
  package let ties: [TiedTensor]
  /// What happens to each tensor of any model.
  package var fates: [TensorFate] { tensorPlan.fates }
  let tensorPlan: TensorPlan
  package let options: MergeOptions
  package let device: MergeDevice
  package let warnings: [String]
  let start: ContinuousClock.Instant

  /// Opens the models and checks that they fit together.
  ///
  /// Reads headers only.
  package init(
    _ pool: ModelPool, algorithm: any MergeAlgorithm, options: MergeOptions
  ) throws(GPUMergeError) {
    start = ContinuousClock.now
    self.options = options
    if let device = options.device {
      self.device = device
    } else {
      device = try MergeDevice(selecting: .automatic)
    }
    let labels = pool.models.indices.map { "model \($0 + 1)" } + ["the base model"]
    let sources = Array(zip(pool.models + [pool.base].compactMap(\.self), labels))
    var models = try Threads.map(sources) { (source, label) throws(GPUMergeError) in
      try Self.load(source, label: label, options: options)
    }
    let base = pool.base == nil ? nil : models.popLast()
    var warnings = try FolderChecks.warnings(
      models: models, base: base, mergesEmbeddings: !options.selection.backboneOnly)
    planner = Planner(
      models: models, base: base, algorithm: algorithm, dtype: options.dtype,
      selection: options.selection)
    tensorPlan = try planner.plan()
    steps = tensorPlan.steps
    ties = tensorPlan.ties
    warnings += (models + (base.map { [$0] } ?? [])).flatMap { model in
      model.warnings.map { "\(escaped(model.label, limit: 4096)): \($0)" }
    }
    warnings += Self.repetitions(of: models) + planner.baseWarnings
    warnings += tensorPlan.warnings
    if let warning = device.warning { warnings.append(warning) }
    self.warnings = warnings
  }

  /// The files that are read.
  package var inputFiles: [InputFile] {
    (planner.models + [planner.base].compactMap(\.self)).flatMap { $0.checkpoint?.files ?? [] }
  }

  /// The format of the first model's file, or safetensors.
  package var defaultFormat: CheckpointFormat {
    planner.models.first?.checkpoint?.format ?? .safetensors
  }

  /// Whether the first model is a folder.
  package var isFirstModelFolder: Bool {
    planner.models.first?.checkpoint?.folder != nil
  }

  /// How memory would be used, by each of the devices.
  package func memoryPlans() throws(GPUMergeError) -> [MemoryPlan] {
    try MemoryPlan.shares(
      steps: steps, backends: device.backends, budget: options.memoryByteCount,
      slotCount: options.threadCount, blockByteCount: options.blockByteCount,
      readsAhead: !options.cachesInputs)
  }

  private static func load(
    _ source: ModelSource, label: String, options: MergeOptions
  ) throws(GPUMergeError) -> LoadedModel {
    switch source {
    case .checkpoint(let path):
      LoadedModel(try Checkpoint.open(path, options: options.reading))
    case .hub(let reference):
      LoadedModel(
        try Checkpoint.open(reference, options: options.reading), label: reference.description)
    case .stateDict(let stateDict):
      LoadedModel(label: label, tensors: stateDict.infos)
    }
  }

  /// Warns of files that are given more than once: their weights add up, which is seldom meant.
  private static func repetitions(of models: [LoadedModel]) -> [String] {
    var counts: [InputFile.Identity: Int] = [:]
    for model in models {
      if let identity = model.fileIdentity {
        counts[identity, default: 0] += 1
      }
    }
    var warnings: [String] = []
    for model in models {
      guard let identity = model.fileIdentity,
        let count = counts.updateValue(1, forKey: identity), count > 1
      else { continue }
      warnings.append("\(model.label) is given \(count) times, so it counts \(count) times")
    }
    return warnings
  }
}
