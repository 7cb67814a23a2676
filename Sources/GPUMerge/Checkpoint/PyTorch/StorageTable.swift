/// The storages of a checkpoint, each checked against what the file holds of it.
final class StorageTable {
  private let container: any StorageContainer
  private var entries: [[UInt8]: Entry] = [:]
  private var views: [[UInt8]: View] = [:]
  /// Those that were opened because a tensor lies in them.
  private(set) var storedMembers: [StoredMember] = []
  private(set) var openedCount = 0

  private struct Entry {
    var dtype: DType?
    var byteCount: Int
    var source: (any ByteSource)?
  }

  private struct View: Equatable {
    var rootKey: [UInt8]
    var range: Range<Int>
  }

  /// Checks all storages that the pickle refers to, before any data is read.
  init(_ arena: PickleArena, in container: any StorageContainer) throws(GPUMergeError) {
    self.container = container
    for storage in arena.storages {
      try add(storage, Array(arena.bytes[storage.key.range]))
      if let view = storage.view { try add(view, of: storage, arena) }
    }
    if let key = views.keys.first(where: { entries[$0] != nil }) {
      throw Self.failure(.storageSize, "the storage is also a part of another", key)
    }
  }

  private func add(_ storage: PickleStorage, _ key: [UInt8]) throws(GPUMergeError) {
    let byteCount = try Self.byteCount(of: storage, key)
    guard let known = entries[key] else {
      try check(byteCount, key)
      entries[key] = Entry(dtype: storage.dtype, byteCount: byteCount)
      return
    }
    // A storage is one type, except that untyped ones and bytes are the same thing, and that
    // empty ones are no matter.
    let types = [known.dtype, storage.dtype]
    let isSame = known.dtype == storage.dtype || types.allSatisfy { $0 == nil || $0 == .uint8 }
    guard known.byteCount == byteCount, isSame || byteCount == 0 else {
      throw Self.failure(.storageSize, "the file describes the storage in two ways", key)
    }
  }

  private func add(
    _ view: PickleView, of storage: PickleStorage, _ arena: PickleArena
  ) throws(GPUMergeError) {
    let key = Array(arena.bytes[view.key.range])
    let new = View(rootKey: Array(arena.bytes[storage.key.range]), range: view.range)
    guard views.updateValue(new, forKey: key) ?? new == new else {
      throw Self.failure(.storageSize, "the file describes the part of a storage in two ways", key)
    }
  }

  private static func byteCount(
    of storage: PickleStorage, _ key: [UInt8]
  ) throws(GPUMergeError) -> Int {
    guard let byteCount = storage.byteCount else {
      throw failure(.storageSize, "the storage has \(storage.elementCount) elements", key)
    }
    return byteCount
  }

  private func check(_ byteCount: Int, _ key: [UInt8]) throws(GPUMergeError) {
    guard let found = container.byteCount(ofStorage: key) else {
      throw Self.failure(
        .storageMissing, "the file does not hold this storage, which is the data of tensors", key)
    }
    guard found == byteCount else {
      throw Self.failure(
        .storageSize, "the storage has \(found) bytes, its tensors need \(byteCount)", key)
    }
  }

  private static func failure(
    _ kind: GPUMergeError.Kind, _ problem: String, _ key: [UInt8]
  ) -> GPUMergeError {
    GPUMergeError(kind, problem, subject: "data/" + String(decoding: key, as: UTF8.self))
  }

  /// How many storages the file holds that no tensor was made of.
  var unopenedCount: Int { container.storageCount - openedCount }

  /// The bytes of a storage; the same object for all its tensors.
  func source(
    _ storage: PickleStorage, _ arena: PickleArena
  ) throws(GPUMergeError) -> any ByteSource {
    let key = Array(arena.bytes[storage.key.range])
    if let source = entries[key]?.source { return source }
    let source = try container.source(ofStorage: key)
    openedCount += 1
    if let member = source as? StoredMember { storedMembers.append(member) }
    entries[key]?.source = source
    return source
  }
}
