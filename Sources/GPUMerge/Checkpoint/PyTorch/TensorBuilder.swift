/// Makes a tensor of a checkpoint from what the pickle says about it, if that is possible.
struct TensorBuilder {
  let arena: PickleArena
  let storages: StorageTable
  let isBigEndian: Bool
  let limits: Limits

  func tensor(_ key: NodeID, _ tensor: PickleTensor) throws(GPUMergeError) -> TensorInfo {
    guard let utf8 = arena.utf8(key) else {
      throw GPUMergeError(
        .notACheckpoint, "\(arena.kindName(key)) is the name of a tensor", subject: arena.member,
        advice: StateDictFinder.saveStateDict)
    }
    do throws(GPUMergeError) {
      guard utf8.count <= limits.nameByteCount, let name = TensorName(validating: utf8) else {
        throw GPUMergeError(
          .notACheckpoint, "the tensor's name has more than \(limits.nameByteCount) bytes",
          advice: StateDictFinder.saveStateDict)
      }
      return try self.tensor(name, tensor)
    } catch {
      var error = error
      if error.subject == nil { error.subject = arena.string(key) }
      throw error
    }
  }

  private func tensor(
    _ name: TensorName, _ tensor: PickleTensor
  ) throws(GPUMergeError) -> TensorInfo {
    let storage = arena.storages[Int(tensor.storage)]
    let width = max(1, tensor.dtype.bitWidth / 8)
    // All storages were checked against their members: this does not overflow.
    let storageWidth = (storage.dtype?.bitWidth ?? 8) / 8
    let storageByteCount = (storage.view?.range.count ?? storage.elementCount) * storageWidth
    guard storageByteCount % width == 0 else {
      throw GPUMergeError(
        .storageSize, "the storage's \(storageByteCount) bytes are no whole number of elements")
    }
    try checkBounds(tensor, storageElementCount: storageByteCount / width)
    var tensor = tensor
    // A storage with parts has elements of one type, so that this is in elements of the tensor too.
    tensor.elementOffset += storage.view?.range.lowerBound ?? 0
    let logical = try Self.unpacked(tensor)
    let byteCount = try Self.byteCount(of: tensor, width: width)
    guard byteCount <= max(storageByteCount, limits.expandedTensorByteCount) else {
      throw GPUMergeError(
        .tensorStride, "the tensor repeats \(storageByteCount) bytes until it has \(byteCount)",
        advice: "Save it again after .contiguous() if it really has this size")
    }
    let isContiguous = Self.isContiguous(tensor)
    return TensorInfo(
      name: name, dtype: tensor.dtype, shape: logical.shape,
      source: try storages.source(storage, arena),
      layout: isContiguous
        ? .contiguous(byteOffset: tensor.elementOffset * width)
        : .strided(elementOffset: logical.elementOffset, strides: logical.strides),
      isBigEndian: isBigEndian && width > 1)
  }

  /// Checks that all elements lie in the storage.
  private func checkBounds(
    _ tensor: PickleTensor, storageElementCount: Int
  ) throws(GPUMergeError) {
    var last = tensor.elementOffset
    for (size, stride) in zip(tensor.shape, tensor.strides) where size > 1 {
      let (distance, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow2) = last.addingReportingOverflow(distance)
      guard !overflow, !overflow2 else {
        throw GPUMergeError(.tensorBounds, "the tensor reaches farther than any storage")
      }
      last = sum
    }
    let isEmpty = tensor.shape.contains(0)
    guard isEmpty ? tensor.elementOffset <= storageElementCount : last < storageElementCount else {
      throw GPUMergeError(
        .tensorBounds,
        "the tensor reaches to element \(isEmpty ? tensor.elementOffset : last), counted from 0, of a "
          + "storage that has \(storageElementCount)")
    }
  }

  private static func byteCount(
    of tensor: PickleTensor, width: Int
  ) throws(GPUMergeError) -> Int {
    // A dimension of 0 does not excuse others whose product is impossible.
    var count = width
    for size in tensor.shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(1, size))
      guard !overflow, product < 1 << 60 else {
        throw GPUMergeError(.overflow, "the tensor has an impossible number of elements")
      }
      count = product
    }
    return tensor.shape.contains(0) ? 0 : count
  }

  private static func isContiguous(_ tensor: PickleTensor) -> Bool {
    guard !tensor.shape.contains(0) else { return true }
    var expected = 1
    for (size, stride) in zip(tensor.shape, tensor.strides).reversed() where size > 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }

  /// The tensor counted in single values where PyTorch counts pairs (`float4_e2m1fn_x2`).
  private static func unpacked(_ tensor: PickleTensor) throws(GPUMergeError) -> PickleTensor {
    guard tensor.dtype.bitWidth < 8 else { return tensor }
    guard let size = tensor.shape.last, let stride = tensor.strides.last,
      stride == 1 || size <= 1
    else {
      throw GPUMergeError(
        .layoutUnsupported, "the tensor's pairs of 4-bit numbers do not lie side by side",
        advice: "Save it again after .contiguous()")
    }
    var tensor = tensor
    let last = tensor.shape.count - 1
    for index in 0..<last {
      // Strides of dimensions of 1, or of empty tensors, are never used and may be anything.
      let isUsed = tensor.shape[index] > 1 && !tensor.shape.contains(0)
      tensor.strides[index] = isUsed ? tensor.strides[index] * 2 : 0
    }
    tensor.strides[last] = 1
    let (doubled, overflow) = size.multipliedReportingOverflow(by: 2)
    guard !overflow else { throw GPUMergeError(.overflow, "the tensor is too large") }
    tensor.shape[last] = doubled
    tensor.elementOffset *= 2
    return tensor
  }
}
