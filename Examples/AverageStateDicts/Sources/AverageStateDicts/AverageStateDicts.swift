import GPUMerge
import SystemPackage

/// What a server does with the library: it averages state dicts that it has in memory and files that
/// it does not, for several requests at once, with progress, and drops what nobody waits for.
///
///     AverageStateDicts [--device DEVICE] [CHECKPOINT...]
@main
struct AverageStateDicts {
  static func main() async throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    var selection = DeviceSelection.automatic
    if arguments.first == "--device", arguments.count > 1 {
      selection = try DeviceSelection(parsing: arguments[1])
      arguments.removeFirst(2)
    }
    // Opened once and shared by all requests: opening a device and compiling kernels takes a while.
    var options = MergeOptions()
    options.device = try MergeDevice(selecting: selection)
    print("merging on \(options.device?.name ?? "the default device")")

    try await averageInMemory(options)
    try await serveConcurrently(options)
    try await cancel(options)
    try await averageFiles(arguments.map { FilePath($0) }, options)
    await explainAMistake(options)
  }

  /// Two state dicts in memory become one.
  static func averageInMemory(_ options: MergeOptions) async throws {
    let models = [try dict(filledWith: 1), try dict(filledWith: 2)]
    let average = try await simpleAverage(models, options: options)
    for (name, tensor) in average {
      let values = tensor.values(as: Float.self) ?? []
      print("in memory: \(name) \(tensor.shape) begins with \(values.first ?? .nan)")
    }
  }

  /// Requests share the device; each gets its own result.
  static func serveConcurrently(_ options: MergeOptions) async throws {
    let results = try await withThrowingTaskGroup(of: (Int, Float?).self) { group in
      for request in 1...4 {
        group.addTask {
          let algorithm = WeightedAverageAlgorithm(weights: [1, Double(request)])
          let pool = ModelPool(stateDicts: [try dict(filledWith: 0), try dict(filledWith: 1)])
          let merged = try await algorithm.run(pool, options: options)
          return (request, merged["layer.weight"]?.values(as: Float.self)?.first)
        }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for (request, value) in results.sorted(by: { $0.key < $1.key }) {
      print("request \(request): weights 1 and \(request) give \(value)")
    }
  }

  /// A cancelled task stops soon, with an error that says so.
  static func cancel(_ options: MergeOptions) async throws {
    let task = Task {
      let models = try (1...8).map { try dict(filledWith: Float($0), rows: 4096) }
      return try await simpleAverage(models, options: options)
    }
    task.cancel()
    do {
      _ = try await task.value
      print("cancelled: the task was faster")
    } catch let error as GPUMergeError where error.kind == .cancelled {
      print("cancelled: \(error)")
    }
  }

  /// Files are read piece by piece, so that they may be larger than memory.
  static func averageFiles(_ files: [FilePath], _ options: MergeOptions) async throws {
    guard !files.isEmpty else { return }
    var options = options
    options.overwritesOutput = true
    options.progress = { progress in
      if progress.completedByteCount == progress.totalByteCount {
        print("files: \(progress.totalByteCount) bytes are done")
      }
    }
    let output = FilePath("average.safetensors")
    let report = try await simpleAverage(files, writingTo: output, options: options)
    print("files: \(report.tensorCount) tensors of \(report.models.count) models in \(output)")
  }

  /// Errors are complete messages for a person, and have a kind for programs.
  static func explainAMistake(_ options: MergeOptions) async {
    do {
      let other: StateDict = ["layer.bias": try Tensor([Float(0)])]
      _ = try await simpleAverage([dict(filledWith: 1), other], options: options)
    } catch let error as GPUMergeError {
      print("refused as \(error.kind.rawValue): \(error)")
    } catch {
      print("refused: \(error)")
    }
  }

  /// A state dict of one matrix.
  static func dict(filledWith value: Float, rows: Int = 4) throws -> StateDict {
    let values = [Float](repeating: value, count: rows * 256)
    return ["layer.weight": try Tensor(values, shape: [rows, 256])]
  }
}
