import Kernels
package import SystemPackage

/// One merge from opened models to a finished output: open, plan, run, commit.
package struct Merge: Sendable {
  package let planner: Planner
  package let steps: [Step]
  package let options: MergeOptions
  package let device: MergeDevice
  package let warnings: [String]
  private let start: ContinuousClock.Instant

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
    var models: [LoadedModel] = []
    for (index, source) in pool.models.enumerated() {
      models.append(try Self.load(source, label: "model \(index + 1)", options: options))
    }
    var base: LoadedModel?
    if let source = pool.base {
      base = try Self.load(source, label: "the base model", options: options)
    }
    planner = Planner(models: models, base: base, algorithm: algorithm, dtype: options.dtype)
    steps = try planner.steps()
    var warnings = (models + (base.map { [$0] } ?? [])).flatMap { model in
      model.warnings.map { "\(escaped(model.label, limit: 4096)): \($0)" }
    }
    warnings += Self.repetitions(models: models, base: base)
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

  /// Where each byte of an output file would go.
  package func filePlan(format: CheckpointFormat) throws(GPUMergeError) -> MergePlan {
    let metadata = RecipeRecord.metadata(
      algorithm: planner.algorithm, modelCount: planner.models.count, dtype: options.dtype,
      carried: planner.reference.metadata)
    let outputs = steps.map(\.output)
    return MergePlan(
      steps: steps, layout: try format.layout(outputs, metadata: metadata))
  }

  /// How memory would be used for a plan.
  package func memoryPlan(for plan: MergePlan) throws(GPUMergeError) -> MemoryPlan {
    try MemoryPlan(
      steps: plan.steps, backend: device.backend, budget: options.memoryByteCount,
      slotCount: options.threadCount, blockByteCount: options.blockByteCount)
  }

  /// Merges into a file, which appears under its name when it is complete.
  package func write(
    to path: FilePath, format: CheckpointFormat
  ) async throws(GPUMergeError)
    -> MergeReport
  {
    let plan = try filePlan(format: format)
    let memory = try memoryPlan(for: plan)
    let file = try OutputFile(
      at: path, byteCount: plan.layout.byteCount, overwrite: options.overwritesOutput,
      inputs: inputFiles)
    do throws(GPUMergeError) {
      let pipeline = try await run(plan, memory: memory, into: file)
      try await Threads.run { () throws(GPUMergeError) in
        try writeChecksums(pipeline, plan.layout, into: file)
        try file.commit()
      }
      return report(pipeline, output: path)
    } catch {
      file.discard()
      throw error
    }
  }

  private func writeChecksums(
    _ pipeline: Pipeline, _ layout: OutputLayout, into file: OutputFile
  ) throws(GPUMergeError) {
    for checksum in layout.checksums {
      let value = pipeline.checksums.checksum(ofTensor: checksum.tensor)
      for offset in checksum.fieldOffsets {
        try withUnsafeBytes(of: value.littleEndian) { (bytes) throws(GPUMergeError) in
          try file.write(bytes, at: offset)
        }
      }
    }
  }

  /// Merges into memory.
  package func stateDict() async throws(GPUMergeError) -> (StateDict, MergeReport) {
    let plan = MergePlan(steps: steps, layout: .inMemory(steps.map(\.output)))
    let memory = try memoryPlan(for: plan)
    let sink = MemorySink(byteCount: plan.layout.byteCount)
    let pipeline = try await run(plan, memory: memory, into: sink)
    let storage = TensorStorage(memory: sink.memory, byteCount: plan.layout.byteCount)
    var result = StateDict()
    for (step, offset) in zip(plan.steps, plan.layout.tensorOffsets) {
      result[step.output.name] = Tensor(trusted: step.output, storage: storage, byteOffset: offset)
    }
    return (result, report(pipeline, output: nil))
  }

  private func run(
    _ plan: MergePlan, memory: MemoryPlan, into sink: any OutputSink
  ) async throws(GPUMergeError) -> Pipeline {
    let total = plan.layout.byteCount
    let progress = options.progress
    let supervisor = BackendSupervisor(
      device.backend, requiresDevice: device.isRequired, logger: options.logger)
    let pipeline = try Pipeline(
      plan: plan, memory: memory, supervisor: supervisor, sink: sink, logger: options.logger,
      verifiesSample: options.verifiesSample
    ) { progress?(MergeProgress(completedByteCount: $0, totalByteCount: total)) }
    let result: Result<Void, GPUMergeError> = await withTaskCancellationHandler {
      do throws(GPUMergeError) {
        try await Threads.run { () throws(GPUMergeError) in
          try pipeline.run()
          try verifyInputs()
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    } onCancel: {
      pipeline.cancel()
    }
    try result.get()
    if options.rejectsNonFinite, let first = pipeline.findings.nonFinite.first {
      throw GPUMergeError(
        .valueMismatch, "element \(first.firstElement) of the result is not finite",
        subject: steps[first.step].output.name.description)
    }
    return pipeline
  }

  private func verifyInputs() throws(GPUMergeError) {
    for model in planner.models + (planner.base.map { [$0] } ?? []) {
      try model.checkpoint?.verify()
    }
  }

  private static func load(
    _ source: ModelSource, label: String, options: MergeOptions
  ) throws(GPUMergeError) -> LoadedModel {
    switch source {
    case .checkpoint(let path):
      LoadedModel(try Checkpoint.open(path, options: options.reading))
    case .stateDict(let stateDict):
      LoadedModel(label: label, tensors: stateDict.infos)
    }
  }

  /// Warns of files that are given more than once: their weights add up, which is seldom meant.
  private static func repetitions(models: [LoadedModel], base: LoadedModel?) -> [String] {
    var counts: [InputFile.Identity: Int] = [:]
    for model in models {
      if let identity = model.checkpoint?.files.first?.identity {
        counts[identity, default: 0] += 1
      }
    }
    var warnings: [String] = []
    for model in models {
      guard let identity = model.checkpoint?.files.first?.identity,
        let count = counts.updateValue(1, forKey: identity), count > 1
      else { continue }
      warnings.append("\(model.label) is given \(count) times, so it counts \(count) times")
    }
    if let base, let identity = base.checkpoint?.files.first?.identity, counts[identity] != nil {
      warnings.append("\(base.label) is both the base and one of the models")
    }
    return warnings
  }

  private func report(_ pipeline: Pipeline, output: FilePath?) -> MergeReport {
    let plan = pipeline.schedule.plan
    let findings = pipeline.findings
    return MergeReport(
      method: type(of: planner.algorithm).name, parameters: planner.algorithm.parameters,
      models: planner.models.map(\.label), base: planner.base?.label, output: output,
      tensorCount: steps.count,
      parameterCount: steps.reduce(0) { $0 + $1.output.shape.reduce(1, *) },
      readByteCount: plan.inputByteCount, writtenByteCount: plan.layout.byteCount,
      duration: start.duration(to: .now), device: device.name,
      stagingByteCount: pipeline.memory.totalByteCount,
      nonFinite: findings.nonFinite.map {
        MergeReport.NonFiniteTensor(
          name: steps[$0.step].output.name, count: $0.count, firstElement: $0.firstElement)
      },
      differingCounters: findings.differingCounters.map { steps[$0].output.name },
      warnings: warnings + pipeline.supervisor.warnings)
  }
}

extension CheckpointFormat {
  /// The layout of an output file of this format.
  package func layout(
    _ tensors: [OutputTensor], metadata: [(key: String, value: String)]
  ) throws(GPUMergeError) -> OutputLayout {
    switch self {
    case .safetensors: try SafetensorsLayout.layout(tensors, metadata: metadata)
    case .pytorch: try PyTorchZipLayout.layout(tensors, metadata: metadata)
    }
  }

  /// The format that a file name asks for: PyTorch for .bin, .pt, .pth and .ckpt, else safetensors.
  public init(fileExtension: String?) {
    switch fileExtension?.lowercased() {
    case "bin", "pt", "pth", "ckpt": self = .pytorch
    default: self = .safetensors
    }
  }
}

extension OutputLayout {
  /// All tensors one after the other, each on a cache line of its own.
  fileprivate static func inMemory(_ tensors: [OutputTensor]) -> OutputLayout {
    var end = 0
    let offsets = tensors.map { tensor in
      let offset = (end + 63) & ~63
      end = offset + tensor.byteCount
      return offset
    }
    return OutputLayout(tensorOffsets: offsets, literals: [], byteCount: end)
  }
}
