@testable import GPUMerge
import SystemPackage

extension FuzzTarget {
  /// A folder with two shards: the input is its index and, after a byte 0xFF, which no text has, its
  /// config.json.
  ///
  /// Beside the folder there are shards that no index may lead to.
  static let folder = FuzzTarget("folder") { bytes in
    let parts = bytes.split(separator: 0xFF, maxSplits: 1, omittingEmptySubsequences: false)
    sharded.write(parts[0], to: "model.safetensors.index.json")
    if parts.count > 1 {
      sharded.write(parts[1], to: "config.json")
    } else {
      sharded.remove("config.json")
    }
    let checkpoint = try Checkpoint.open(sharded.path)
    try Rules.check(checkpoint)
    let listed = try JSONValue(parsing: Array(parts[0]))["weight_map"]?.members?.map(\.key)
    require(
      checkpoint.tensors.map(\.name.description) == listed?.sorted(), "there are other tensors")
    for file in checkpoint.files {
      let name = file.path.lastComponent?.string
      require(file.path == sharded.path.appending(name ?? ""), "\(file.path) is outside")
    }
    // What is compared between models must not depend on how it is written.
    guard let config = checkpoint.config else { return }
    require(config.isSame(as: config), "a configuration is not what it is")
    let models = [LoadedModel(checkpoint), LoadedModel(checkpoint)]
    require(ConfigurationChecks.warnings(models).isEmpty, "a configuration differs from itself")
  }

  private static let sharded: ScratchFolder = {
    let folder = ScratchFolder("folder")
    folder.write(safetensors(["a", "b"]), to: "1.safetensors")
    folder.write(safetensors(["c"]), to: "2.safetensors")
    folder.write(safetensors(["a"]), to: "../\u{301}.safetensors")
    return folder
  }()

  private static func safetensors(_ names: [String]) -> [UInt8] {
    let tensors = names.map { OutputTensor(name: TensorName($0), dtype: .float32, shape: [1]) }
    guard let layout = try? SafetensorsLayout.layout(tensors, metadata: []) else { return [] }
    let header = layout.literals.flatMap(\.bytes)
    return header + [UInt8](repeating: 0, count: layout.byteCount - header.count)
  }
}
