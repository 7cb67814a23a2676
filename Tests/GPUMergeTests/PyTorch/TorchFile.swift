import Foundation
import GPUMerge
import SystemPackage

/// Files that tests make up.
enum TorchFile {
  /// Opens a checkpoint of these bytes, from a file that has no name any more.
  static func open(
    _ bytes: [UInt8], limits: Limits = Limits(), root: String? = nil,
    allowsOpaqueObjects: Bool = false
  ) throws -> Checkpoint {
    let path = FilePath(FileManager.default.temporaryDirectory.path)
      .appending("gpumerge-torch-\(UUID())")
    // Not Data.write, which waits for the disk.
    let descriptor = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
    try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
    let file = Result { try InputFile(opening: path) }
    try FileManager.default.removeItem(atPath: path.string)
    var options = ReadingOptions()
    options.limits = limits
    options.root = root
    options.allowsOpaqueObjects = allowsOpaqueObjects
    return try PyTorchReader.open(try file.get(), options: options)
  }

  /// Reads everything, as a merge would.
  static func readAll(_ checkpoint: Checkpoint) throws -> [TorchFixture.Tensor] {
    let tensors = try checkpoint.tensors.map { try TorchFixture.Tensor(reading: $0) }
    try checkpoint.verify()
    return tensors
  }
}
