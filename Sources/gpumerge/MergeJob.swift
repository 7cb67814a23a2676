import GPUMerge
import Glibc
import Logging
import Synchronization
import SystemPackage

/// One merge as the user asked for it, ready to run.
struct MergeJob: Job {
  /// Where the models are named, if that is in a file.
  let configuration: Configuration?
  let pool: ModelPool
  let algorithm: any MergeAlgorithm
  let output: OutputChoice
  let maxShardByteCount: Int?
  let copiesCode: Bool
  let overwritesOutput: Bool
  let restarts: Bool
  let dtype: DType?
  let selection: TensorSelection
  let reading: ReadingOptions
  let execution: ExecutionOptions.Values
  let reporting: ReportingOptions.Values

  private let kept = Kept()

  /// Keeps the merge as long as the job, which is until the process ends: to free a million objects one by
  /// one would take longer.
  private final class Kept: Sendable {
    let merge = Mutex<Merge?>(nil)
  }

  func run() async throws(GPUMergeError) {
    let bar = ProgressBar(isEnabled: reporting.verbosity > .quiet && ProgressBar.isPossible)
    let merge = try await opened(options(bar))
    kept.merge.withLock { $0 = merge }
    let target = output.target(
      isFirstModelFolder: merge.isFirstModelFolder, defaultFormat: merge.defaultFormat,
      maxShardByteCount: maxShardByteCount)
    merge.warnings.forEach(warn)
    if execution.isDryRun {
      let plan = try PlanReport(merge, target: target)
      try merge.checkOutput(target).forEach(warn)
      try StandardStreams.writeOutput(reporting.isJSON ? plan.json.text + "\n" : plan.text)
      return
    }
    if reporting.verbosity == .verbose {
      StandardStreams.writeError(try PlanReport(merge, target: target).text)
    }
    bar.begin(inputByteCount: merge.steps.reduce(0) { $0 + $1.inputByteCount })
    defer { bar.end() }
    let report = try await merge.write(to: target)
    bar.end()
    try tell(report, planWarningCount: merge.warnings.count)
  }

  private func opened(_ options: MergeOptions) async throws(GPUMergeError) -> Merge {
    do throws(GPUMergeError) {
      return try await Threads.run { () throws(GPUMergeError) in
        try Merge(pool, algorithm: algorithm, options: options)
      }
    } catch {
      throw configuration?.placed(error) ?? error
    }
  }

  private func options(_ bar: ProgressBar) throws(GPUMergeError) -> MergeOptions {
    var options = MergeOptions()
    options.device = try MergeDevice(
      selecting: execution.device, isRequired: execution.requiresDevice,
      timeLimit: execution.deviceTimeLimit,
      probe: DriverProbe(executable: "/proc/self/exe", timeLimit: execution.deviceTimeLimit),
      cache: .standard)
    options.verifiesSample = execution.verifiesSample
    options.dtype = dtype
    options.selection = selection
    if let byteCount = execution.memoryByteCount { options.memoryByteCount = byteCount }
    options.threadCount = execution.threadCount
    options.cachesInputs = execution.cachesInputs
    options.overwritesOutput = overwritesOutput
    options.restarts = restarts
    if let interval = execution.recordInterval { options.recordInterval = interval }
    options.rejectsNonFinite = execution.rejectsNonFinite
    options.reading = reading
    options.copiesCode = copiesCode
    options.hashesOutput = reporting.hashesOutput
    if reporting.verbosity == .verbose {
      options.logger = Logger(label: "gpumerge") { _ in StandardErrorLogHandler() }
    }
    if bar.isEnabled { options.progress = { bar.update($0) } }
    return options
  }

  private func tell(_ report: MergeReport, planWarningCount: Int) throws(GPUMergeError) {
    let summary = MergeSummary(report)
    // The plan's warnings come first in the report, and were printed before the merge began.
    (report.warnings.dropFirst(planWarningCount) + summary.findings).forEach(warn)
    if reporting.verbosity > .quiet { StandardStreams.writeError(summary.line + "\n") }
    if reporting.isJSON {
      try StandardStreams.writeOutput(summary.json.text + "\n")
    } else if reporting.hashesOutput {
      try StandardStreams.writeOutput(summary.checksums)
    }
  }

  private func warn(_ text: String) {
    guard reporting.verbosity > .quiet else { return }
    StandardStreams.writeError("warning: \(escaped(text, limit: 10_000))\n")
  }
}
