@testable import GPUMerge

// Whole files, given to the reader of their format.
extension FuzzTarget {
  static let safetensors = FuzzTarget("safetensors") { bytes in
    let file = try MemoryFile(bytes).open()
    let checkpoint = try SafetensorsReader.open(file)
    try Rules.check(checkpoint)
    // The data follows the header, and all of it belongs to one tensor each.
    var end = 0
    for tensor in checkpoint.tensors {
      require(tensor.layout == .contiguous(byteOffset: end), "\(tensor.name) has a hole before it")
      end += tensor.byteCount
    }
    let headerEnd = 8 + Int(SafetensorsHeader.byteCount(prefix: bytes[..<8]))
    require(headerEnd + end == bytes.count, "bytes of the file belong to nothing")
    try Rules.checkRoundTrip(of: checkpoint)
  }

  static let torchZip = FuzzTarget("torch-zip") { bytes in try checkPyTorch(bytes) }

  static let torchLegacy = FuzzTarget("torch-legacy") { bytes in try checkPyTorch(bytes) }

  /// What decides which reader a file gets, with all readers behind it.
  static let anyFile = FuzzTarget("any-file") { bytes in
    let file = MemoryFile(bytes)
    try Rules.check(try Checkpoint.open(file.path))
  }

  private static func checkPyTorch(_ bytes: [UInt8]) throws {
    let memory = MemoryFile(bytes)
    var options = ReadingOptions()
    var checkpoint: Checkpoint
    do throws(GPUMergeError) {
      checkpoint = try PyTorchReader.open(try memory.open(), options: options)
    } catch {
      // Again with the option that makes more of the machine reachable.
      options.allowsOpaqueObjects = true
      checkpoint = try PyTorchReader.open(try memory.open(), options: options)
    }
    try Rules.check(checkpoint)
    try Rules.checkRoundTrip(of: checkpoint)
  }
}
