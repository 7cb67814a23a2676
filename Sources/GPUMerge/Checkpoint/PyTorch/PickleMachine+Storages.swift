// What persistent ids, which stand for objects outside of the pickle, refer to.
extension PickleMachine {
  /// The storage that a persistent id names: ('storage', class, key, location, count), and before
  /// PyTorch 1.6 also the part of it that is meant, or None.
  mutating func storage(_ id: NodeID) throws(GPUMergeError) -> NodeID {
    let count = stream == nil ? 5 : 6
    let items = arena.tuple(id, atMost: 6) ?? []
    if let first = items.first, arena.string(first) == "module" {
      throw failure(
        .persistentID, "the file holds a whole model with its code, not only its tensors",
        advice: "If you trust the file, load it with PyTorch and save only its tensors: "
          + "torch.save(model.state_dict(), 'NEW')")
    }
    guard items.count == count, arena.string(items[0]) == "storage",
      case .global(.storage(let dtype)) = arena[items[1]],
      case .string(let key) = arena[items[2]], arena.utf8(items[3]) != nil,
      let elementCount = arena.int(items[4])
    else { throw failure(.persistentID, "a persistent id does not name a storage") }
    guard elementCount >= 0 else {
      throw failure(.storageSize, "a storage has \(elementCount) elements")
    }
    var storage = PickleStorage(key: key, dtype: dtype, elementCount: elementCount)
    if count == 6 { storage.view = try view(items[5], of: storage) }
    return arena.add(storage)
  }

  /// None, or (key, offset, count).
  private func view(
    _ id: NodeID, of storage: PickleStorage
  ) throws(GPUMergeError) -> PickleView? {
    if case .none = arena[id] { return nil }
    guard storage.dtype != nil, let items = arena.tuple(id, atMost: 3), items.count == 3,
      case .string(let key) = arena[items[0]], let offset = arena.int(items[1]),
      let count = arena.int(items[2])
    else { throw failure(.persistentID, "a persistent id does not name a part of a storage") }
    guard offset >= 0, count >= 0, offset <= storage.elementCount,
      count <= storage.elementCount - offset
    else {
      throw failure(
        .storageSize,
        "a part of \(count) elements from \(offset) on is not in a storage of "
          + "\(storage.elementCount)")
    }
    return PickleView(key: key, range: offset..<offset + count)
  }
}
