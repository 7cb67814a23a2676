import GPUMerge
import OpenCLLoader
import TestSupport
import Testing

/// A merge of a few kilobytes with all that a merge can have: several blocks, more models than one
/// launch takes, an empty tensor.
struct SmallMerge {
  private static let models = RandomModels(
    count: 17, formats: [.bfloat16], lengths: [1500, 0], seed: 21)
  var blockByteCount: Int? = 2048
  var verifiesSample = false
  var slotCount = 1

  /// What the CPU makes of it.
  func expected() async throws -> StateDict { try await run(on: .cpu).0 }

  /// Merges with a table of functions, some of which may fail.
  ///
  /// - Returns: The result, and what the merge warned of.
  func run(
    _ table: opencl_api, device: OpenCLDevice? = nil, memorySharing: MemorySharing? = nil,
    isRequired: Bool = false, timeLimit: Duration? = nil
  ) async throws -> (StateDict, warnings: [String]) {
    // Nothing but the merge refers to it, whose threads let it go.
    func backend() throws -> any Backend {
      let backend = try OpenCLBackend(
        device ?? TestDevice.require(), api: OpenCLAPI(table), memorySharing: memorySharing)
      return timeLimit.map { WatchedBackend(backend, timeLimit: $0) } ?? backend
    }
    return try await run(on: MergeDevice(backend(), isRequired: isRequired))
  }

  func run(on device: MergeDevice) async throws -> (StateDict, warnings: [String]) {
    var options = MergeOptions()
    options.device = device
    options.blockByteCount = blockByteCount
    options.threadCount = slotCount
    options.verifiesSample = verifiesSample
    let merge = try Merge(
      Self.models.pool, algorithm: SimpleAverageAlgorithm(), options: options)
    let (merged, report) = try await merge.stateDict()
    return (merged, report.warnings)
  }
}

extension StateDict {
  /// Whether names and all bytes are the same.
  func isIdentical(to other: StateDict) -> Bool {
    names == other.names
      && names.allSatisfy { name in
        guard let a = self[name], let b = other[name] else { return false }
        return a.withUnsafeBytes { a in b.withUnsafeBytes { a.elementsEqual($0) } }
      }
  }
}
