// What _rebuild_tensor and its successors would make of their arguments.
extension PickleMachine {
  /// (storage, offset, size, strides[, requires_grad, hooks[, dtype][, metadata]]).
  mutating func tensor(
    _ function: PickleGlobal, _ items: [NodeID]
  ) throws(GPUMergeError) -> NodeID {
    let counts: ClosedRange<Int> =
      switch function {
      case .rebuildTensor: 4...4
      case .rebuildTensorV2: 6...7
      default: 7...8
      }
    guard counts.contains(items.count) else {
      throw failure(.pickleStack, "\(currentTensor) is made of wrong arguments")
    }
    guard case .storage(let storage) = arena[items[0]] else {
      throw failure(.pickleStack, "\(currentTensor) has \(arena.kindName(items[0])) for a storage")
    }
    guard let offset = arena.int(items[1]), offset >= 0 else {
      throw failure(.tensorBounds, "the offset of \(currentTensor) is no count")
    }
    let shape = try counts64(items[2], "size", .tensorBounds)
    let strides = try counts64(items[3], "strides", .tensorStride)
    guard shape.count == strides.count else {
      throw failure(
        .tensorStride, "\(currentTensor) has \(shape.count) dimensions but \(strides.count) strides"
      )
    }
    if items.count > 4 { try checkGradient(items[4], hooks: items[5]) }
    let isTyped = function != .rebuildTensorV3
    let dtype = try dtype(of: storage, named: isTyped ? nil : items[6])
    if items.count == counts.upperBound, function != .rebuildTensor {
      try checkLazyBits(items[items.count - 1])
    }
    return arena.add(
      PickleTensor(
        storage: storage, dtype: dtype, elementOffset: offset, shape: shape, strides: strides))
  }

  private func counts64(
    _ id: NodeID, _ what: String, _ kind: GPUMergeError.Kind
  ) throws(GPUMergeError) -> [Int] {
    guard let items = arena.tuple(id) else {
      throw failure(kind, "the \(what) of \(currentTensor) is \(arena.kindName(id)), not a tuple")
    }
    guard items.count <= limits.dimensionCount else {
      throw failure(.tensorBounds, "\(currentTensor) has \(items.count) dimensions")
    }
    var values: [Int] = []
    for item in items {
      guard let value = arena.int(item), value >= 0 else {
        throw failure(kind, "the \(what) of \(currentTensor) holds something else than counts")
      }
      values.append(value)
    }
    return values
  }

  private func checkGradient(_ flag: NodeID, hooks: NodeID) throws(GPUMergeError) {
    guard case .bool = arena[flag], let hooks = arena.dictionary(hooks), hooks.entries.isEmpty
    else { throw failure(.pickleStack, "\(currentTensor) is made of wrong arguments") }
  }

  /// The type is the storage's, or with version 3 given beside an untyped storage.
  private func dtype(
    of storage: UInt32, named given: NodeID?
  ) throws(GPUMergeError) -> DType {
    let stored = arena.storages[Int(storage)].dtype
    guard let given else {
      guard let stored else { throw failure(.badDType, "the type of \(currentTensor) is missing") }
      return stored
    }
    guard case .global(.dtype(let dtype)) = arena[given], stored == nil else {
      throw failure(.badDType, "the type of \(currentTensor) is \(arena.kindName(given))")
    }
    return dtype
  }

  /// Refuses conjugate and negative views, whose bytes are not the tensor's values.
  private func checkLazyBits(_ metadata: NodeID) throws(GPUMergeError) {
    if case .none = arena[metadata] { return }
    guard let metadata = arena.dictionary(metadata), metadata.entries.count <= 2 else {
      throw failure(.pickleStack, "the metadata of \(currentTensor) is none")
    }
    for (key, value) in metadata.entries {
      guard let name = arena.string(key), name == "conj" || name == "neg",
        case .bool(let isSet) = arena[value]
      else { throw failure(.layoutUnsupported, "\(currentTensor) has unknown metadata") }
      guard !isSet else {
        throw failure(
          .layoutUnsupported,
          "\(currentTensor) is a \(name == "conj" ? "conjugate" : "negative") view",
          advice: "Save it again after .resolve_conj() and .resolve_neg()")
      }
    }
  }
}
