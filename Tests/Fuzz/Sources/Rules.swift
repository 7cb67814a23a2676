@testable import GPUMerge

/// What must be true of every checkpoint that was accepted.
enum Rules {
  /// Larger tensors are not read: they can only be sparse or repeat what they have.
  private static let readByteCount = 1 << 20

  /// Checks names and layouts, and reads the tensors.
  static func check(_ checkpoint: Checkpoint) throws(GPUMergeError) {
    let names = Set(checkpoint.tensors.map(\.name))
    require(names.count == checkpoint.tensors.count, "two tensors have one name")
    for tensor in checkpoint.tensors {
      checkBounds(of: tensor)
      try read(tensor)
    }
    require(checkpoint.warnings.allSatisfy { !$0.isEmpty }, "a warning says nothing")
    try checkpoint.verify()
  }

  /// Every element lies in the source, counted in numbers that cannot overflow.
  private static func checkBounds(of tensor: TensorInfo) {
    let width = Int128(tensor.dtype.bitWidth)
    let total = 8 * Int128(tensor.source.byteCount)
    let count = tensor.shape.reduce(Int128(1)) { $0 * Int128($1) }
    require(tensor.shape.allSatisfy { $0 >= 0 }, "\(tensor.name) has a negative dimension")
    require(count * width == 8 * Int128(tensor.byteCount), "\(tensor.name) has another size")
    switch tensor.layout {
    case .contiguous(let offset):
      require(offset >= 0, "\(tensor.name) begins before its source")
      require(8 * Int128(offset) + count * width <= total, "\(tensor.name) ends after its source")
    case .strided(let offset, let strides):
      require(strides.count == tensor.shape.count, "\(tensor.name) has too few strides")
      guard count > 0 else { return }
      let ends = zip(tensor.shape, strides).map { Int128($0 - 1) * Int128($1) }
      let first = Int128(offset) + ends.reduce(0) { $0 + min($1, 0) }
      let last = Int128(offset) + ends.reduce(0) { $0 + max($1, 0) }
      require(first >= 0 && (last + 1) * width <= total, "\(tensor.name) leaves its source")
    }
  }

  /// Reads a tensor at once and in two parts, which must give the same.
  private static func read(_ tensor: TensorInfo) throws(GPUMergeError) {
    guard (1...readByteCount).contains(tensor.byteCount) else { return }
    let whole = try bytes(of: tensor, 0..<tensor.byteCount)
    let width = max(1, tensor.dtype.bitWidth / 8)
    let middle = tensor.byteCount / width / 3 * width
    let parts =
      try bytes(of: tensor, 0..<middle) + bytes(of: tensor, middle..<tensor.byteCount)
    require(whole == parts, "\(tensor.name) reads differently in parts")
  }

  private static func bytes(
    of tensor: TensorInfo, _ range: Range<Int>
  ) throws(GPUMergeError) -> [UInt8] {
    // Not zeros, so that an element that is not written is seen: it differs from run to run.
    let fill = UInt8(truncatingIfNeeded: range.count &* 31 &+ range.lowerBound &+ 0x5A)
    var bytes = [UInt8](repeating: fill, count: range.count)
    let result: Result<Void, GPUMergeError> = bytes.withUnsafeMutableBytes { buffer in
      do throws(GPUMergeError) {
        return .success(try tensor.read(bytes: range, into: buffer))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    return bytes
  }
}
