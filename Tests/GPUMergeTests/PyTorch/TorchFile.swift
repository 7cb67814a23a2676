import Foundation
import GPUMerge
import SystemPackage

/// Files that tests make up.
enum TorchFile {
  /// Opens a checkpoint of these bytes, from a file that has no name any more.
  static func open(
    _ bytes: [UInt8], limits: Limits = Limits(), root: String? = nil
  ) throws -> Checkpoint {
    let url = FileManager.default.temporaryDirectory.appending(path: "gpumerge-torch-\(UUID())")
    try Data(bytes).write(to: url)
    let file = Result { try InputFile(opening: FilePath(url.path)) }
    try FileManager.default.removeItem(at: url)
    return try PyTorchReader.open(try file.get(), limits: limits, root: root)
  }

  /// Reads everything, as a merge would.
  static func readAll(_ checkpoint: Checkpoint) throws -> [TorchFixture.Tensor] {
    let tensors = try checkpoint.tensors.map { try TorchFixture.Tensor(reading: $0) }
    try checkpoint.verify()
    return tensors
  }
}

/// A small generator of which each run gives the same numbers (Steele et al. 2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
