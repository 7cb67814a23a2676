@testable import Configurations
@testable import GPUMerge
import SystemPackage

extension FuzzTarget {
  /// A configuration in mergekit's schema.
  static let configuration = FuzzTarget("configuration") { bytes in
    let file = MemoryFile(bytes)
    let configuration = try Configuration(contentsOf: file.path)
    let lines = 1...bytes.count { $0 == 10 || $0 == 13 } + 2
    for model in configuration.models {
      require(lines.contains(model.line), "a model is on line \(model.line)")
      require(model.weight?.value.isFinite != false, "a weight is not finite")
      checkSource(model.source)
    }
    if let base = configuration.base { checkSource(base) }
    require(configuration.maxShardByteCount ?? 1 >= 1, "shards have no bytes")
    guard let row = try configuration.methodRow() else { return }
    let parameters = try configuration.methodParameters(of: row, except: [])
    for parameter in parameters {
      require(
        row.parameters.contains { $0.name == parameter.name },
        "\(row.name) has no \(parameter.name)")
    }
    try row.algorithm(parameters).validate(modelCount: configuration.models.count)
  }

  private static func checkSource(_ source: ModelSource) {
    if case .checkpoint(let path) = source {
      require(!path.isEmpty && !path.string.utf8.contains(0), "a path is '\(path)'")
    }
  }
}
