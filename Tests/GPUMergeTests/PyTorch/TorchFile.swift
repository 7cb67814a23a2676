import Foundation
import GPUMerge
import SystemPackage

/// Files that tests make up.
enum TorchFile {
  /// Opens a checkpoint of these bytes, from a file that has no name any more.
  static func open(
    _ bytes: [UInt8], limits: Limits = Limits(), root: String? = nil
  ) throws -> Checkpoint {
    let path = FilePath(FileManager.default.temporaryDirectory.path)
      .appending("gpumerge-torch-\(UUID())")
    // Not Data.write, which waits for the disk.
    let descriptor = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
    try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
    let file = Result { try InputFile(opening: path) }
    try FileManager.default.removeItem(atPath: path.string)
    return try PyTorchReader.open(try file.get(), limits: limits, root: root)
  }

  /// Reads everything, as a merge would.
  static func readAll(_ checkpoint: Checkpoint) throws -> [TorchFixture.Tensor] {
    let tensors = try checkpoint.tensors.map { try TorchFixture.Tensor(reading: $0) }
    try checkpoint.verify()
    return tensors
  }
}

/// A small random generator of which each run gives the same numbers.
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
