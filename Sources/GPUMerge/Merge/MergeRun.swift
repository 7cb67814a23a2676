import SystemPackage

/// One execution of a merge: the files of its output one after the other, and what is found in them.
struct MergeRun {
  private let merge: Merge
  private let crews: [Crew]
  private let findings = MergeFindings()
  private let progress: SumOfProgress

  init(_ merge: Merge, totalByteCount: Int) throws(GPUMergeError) {
    self.merge = merge
    let device = merge.device
    crews = zip(device.backends, try merge.memoryPlans()).map { backend, memory in
      let supervisor = BackendSupervisor(
        backend, requiresDevice: device.isRequired, logger: merge.options.logger)
      return Crew(supervisor: supervisor, memory: memory)
    }
    progress = SumOfProgress(total: totalByteCount, report: merge.options.progress)
  }

  /// Merges one file of the output and makes it durable.
  ///
  /// It is recorded as a whole, as the next ones may take long; what is the only one, only if it took
  /// long itself.
  func write(
    _ plan: MergePlan, into file: RecordedFile, isOnly: Bool
  ) async throws(GPUMergeError) {
    do throws(GPUMergeError) {
      let checksums = try await merge(plan, into: file)
      try await Threads.run { () throws(GPUMergeError) in
        if isOnly { try file.recordIfDue() } else { try file.record() }
        for checksum in plan.layout.checksums {
          try amend(checksum, value: checksums.checksum(ofTensor: checksum.tensor), in: file)
        }
        try file.finish()
      }
    } catch {
      // For what is finished not to be lost; the error that is already there matters more.
      if error.kind.leavesWorkToResume { await Threads.run { try? file.record() } }
      throw error
    }
  }

  /// Merges everything that a plan says into a sink.
  @discardableResult
  func merge(
    _ plan: MergePlan, into sink: any OutputSink
  ) async throws(GPUMergeError) -> ChecksumLedger {
    let progress = progress
    let begin = progress.begin()
    let pipeline = try Pipeline(
      plan: plan, crews: crews, sink: sink, findings: findings,
      logger: merge.options.logger, verifiesSample: merge.options.verifiesSample
    ) { progress.update(begin + $0) }
    let result: Result<Void, GPUMergeError> = await withTaskCancellationHandler {
      do throws(GPUMergeError) {
        try await Threads.run { () throws(GPUMergeError) in try pipeline.run() }
        return .success(())
      } catch {
        return .failure(error)
      }
    } onCancel: {
      pipeline.cancel()
    }
    try result.get()
    progress.end(begin + plan.layout.byteCount)
    return pipeline.checksums
  }

  /// Throws if something was found that the options do not allow.
  func checkFindings() throws(GPUMergeError) {
    guard merge.options.rejectsNonFinite, let first = findings.nonFinite.first else { return }
    let elements = first.count == 1 ? "1 element" : "\(first.count) elements"
    throw GPUMergeError(
      .valueMismatch,
      "the result is NaN or infinite in \(elements), first in element \(first.firstElement)",
      subject: merge.steps[first.step].output.name.description,
      advice: "Without --nan error they are reported and kept")
  }

  /// What was done.
  func report(output: FilePath?, _ readByteCount: Int, _ writtenByteCount: Int) -> MergeReport {
    let planner = merge.planner
    let steps = merge.steps
    return MergeReport(
      method: type(of: planner.algorithm).name, parameters: planner.algorithm.parameters,
      models: planner.models.map(\.label), base: planner.base?.label, output: output,
      tensorCount: steps.count,
      parameterCount: steps.reduce(0) { $0 + $1.output.shape.reduce(1, *) },
      readByteCount: readByteCount, writtenByteCount: writtenByteCount,
      duration: merge.start.duration(to: .now), device: merge.device.name,
      stagingByteCount: crews.reduce(0) { $0 + $1.memory.totalByteCount },
      nonFinite: findings.nonFinite.map {
        MergeReport.NonFiniteTensor(
          name: steps[$0.step].output.name, count: $0.count, firstElement: $0.firstElement)
      },
      differingCounters: findings.differingCounters.filter { !steps[$0].hasSeveralElements }
        .map { steps[$0].output.name },
      differingIntegers: findings.differingCounters.filter { steps[$0].hasSeveralElements }
        .map { steps[$0].output.name },
      tensors: merge.tensorPlan.fates(
        differing: findings.differingCounters, reference: planner.reference.messageLabel),
      warnings: merge.warnings + crews.flatMap(\.supervisor.warnings))
  }

  private func amend(
    _ checksum: OutputLayout.Checksum, value: UInt32, in file: RecordedFile
  ) throws(GPUMergeError) {
    for offset in checksum.fieldOffsets {
      try withUnsafeBytes(of: value.littleEndian) { (bytes) throws(GPUMergeError) in
        try file.amend(bytes, at: offset)
      }
    }
  }
}
