import SystemPackage

extension Merge {
  /// Which files the output consists of, and where each of their bytes comes from.
  package func outputPlan(for target: OutputTarget) throws(GPUMergeError) -> OutputPlan {
    switch target {
    case .file(let path, let format):
      let name = try OutputName(target).path.lastComponent?.string ?? path.string
      return OutputPlan(
        files: [try file(named: name, members: Array(steps.indices), format: format)])
    case .folder(_, let maximum):
      if companionSource?.adapterConfig != nil {
        // PEFT looks for one file.
        let name = ModelFolderContents.adapterWeights
        let members = Array(steps.indices)
        return OutputPlan(files: [try file(named: name, members: members, format: .safetensors)])
      }
      let shards = Sharding.shards(of: steps.map(\.output.byteCount), maximum: maximum)
      var files: [OutputPlan.File] = []
      for (index, members) in shards.enumerated() {
        let name = Sharding.name(ofShard: index, of: shards.count)
        files.append(try file(named: name, members: members, format: .safetensors))
      }
      return OutputPlan(files: files)
    }
  }

  private func file(
    named name: String, members: [Int], format: CheckpointFormat
  ) throws(GPUMergeError) -> OutputPlan.File {
    let metadata = RecipeRecord.metadata(
      algorithm: planner.algorithm, modelCount: planner.models.count, dtype: options.dtype,
      selection: options.selection, carried: planner.carriedMetadata)
    let layout = try format.layout(
      members.map { steps[$0].output }, ties: ties.restricted(to: members), metadata: metadata)
    return OutputPlan.File(
      name: name, plan: MergePlan(steps: steps, members: members, layout: layout))
  }

  /// Checks that the output could be written, without changing anything; returns what a person
  /// should know of it.
  package func checkOutput(_ target: OutputTarget) throws(GPUMergeError) -> [String] {
    let name = try OutputName(target)
    try name.checkParent()
    _ = try OutputPlace(name, overwrite: options.overwritesOutput, inputs: inputFiles)
    return try companions(for: try outputPlan(for: target), at: target).warnings
  }

  /// Merges into a file or a folder, which appears under its name when it is complete and durable.
  ///
  /// When the merge is interrupted, what is finished stays beside the output, and the same merge
  /// goes on from there.
  package func write(to target: OutputTarget) async throws(GPUMergeError) -> MergeReport {
    async let fingerprint = Threads.run { self.fingerprint }
    let plan = try outputPlan(for: target)
    let run = try MergeRun(self, totalByteCount: plan.byteCount)
    let headers = await fingerprint
    let workspace = try await Threads.run { () throws(GPUMergeError) in
      try Workspace(
        for: target, plan: headers.map { workPlan(for: plan, fingerprint: $0) },
        inputs: inputFiles, overwrite: options.overwritesOutput, restart: options.restarts,
        recordInterval: options.recordInterval)
    }
    let companions: Companions
    let files: [MergeReport.WrittenFile]
    do throws(GPUMergeError) {
      companions = try await Threads.run { () throws(GPUMergeError) in
        let companions = try self.companions(for: plan, at: target)
        try workspace.reserve(plan)
        return companions
      }
      for file in plan.files {
        let output = try await Threads.run { () throws(GPUMergeError) in try workspace.open(file) }
        try await run.write(file.plan, into: output, isOnly: plan.files.count == 1)
      }
      try run.checkFindings()
      files = try await Threads.run { () throws(GPUMergeError) in
        try verifyInputs()
        let files = try workspace.files(of: plan, at: target, hashed: options.hashesOutput)
        try workspace.write(companions.files, besides: plan)
        try workspace.publish()
        return files
      }
    } catch {
      // A device that was found to give wrong numbers may have given more of them.
      let isTrusted = error.kind != .deviceFailure || !options.verifiesSample
      let isKept = error.kind.leavesWorkToResume && isTrusted && workspace.hasRecords
      await Threads.run { workspace.close(keeping: isKept) }
      guard isKept else { throw error }
      var error = error
      let goesOn = "What is finished is kept: the same command goes on from there"
      error.advice = error.kind == .cancelled ? goesOn : "\(error.advice ?? ""). \(goesOn)"
      throw error
    }
    var report = run.report(output: target.path, plan.inputByteCount, plan.byteCount)
    report.warnings += workspace.warnings + companions.warnings
    report.resumedByteCount = workspace.finishedByteCount
    report.files = files
    return report
  }

  /// Merges into memory.
  package func stateDict() async throws(GPUMergeError) -> (StateDict, MergeReport) {
    let plan = MergePlan(steps: steps, layout: .inMemory(steps.map(\.output)))
    let byteCount = plan.layout.byteCount
    let run = try MergeRun(self, totalByteCount: byteCount)
    let sink = MemorySink(byteCount: byteCount)
    try await run.merge(plan, into: sink)
    try run.checkFindings()
    try await Threads.run { () throws(GPUMergeError) in try verifyInputs() }
    let storage = TensorStorage(memory: sink.memory, byteCount: byteCount)
    var result = StateDict()
    ties.forEachName(stepCount: steps.count) { step, name in
      var output = steps[step].output
      if let name { output.name = name }
      result[output.name] = Tensor(
        trusted: output, storage: storage, byteOffset: plan.layout.tensorOffsets[step])
    }
    return (result, run.report(output: nil, plan.inputByteCount, byteCount))
  }

  private func verifyInputs() throws(GPUMergeError) {
    for model in planner.models + (planner.base.map { [$0] } ?? []) {
      try model.checkpoint?.verify()
    }
  }
}

extension GPUMergeError.Kind {
  /// Whether the same merge may succeed when it is tried again, so that what is finished has a use.
  var leavesWorkToResume: Bool {
    switch self {
    case .cancelled, .io, .cannotCreate, .deviceFailure, .deviceUnavailable: true
    default: false
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
