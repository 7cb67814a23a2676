/// The storages at the end of a checkpoint of PyTorch before 1.6, one after the other: each has the
/// number of its elements and their bytes.
final class TorchLegacyStorages: StorageContainer {
  private let file: InputFile
  private var ranges: [[UInt8]: Range<Int>] = [:]

  private static let countByteCount = 8

  /// Finds the storages of the object in `arena`, in the order of `keys`, from `offset` on.
  ///
  /// Their types, and so their sizes, are in the object only: keys and storages must agree exactly.
  init(
    _ file: InputFile, at offset: Int, keys: [[UInt8]], of arena: PickleArena
  ) throws(GPUMergeError) {
    self.file = file
    var described: [[UInt8]: PickleStorage] = [:]
    for storage in arena.storages {
      let key = Array(arena.bytes[storage.key.range])
      if described[key] == nil { described[key] = storage }
    }
    var position = offset
    for key in keys {
      guard let storage = described[key] else {
        throw Self.failure(.storageMissing, "the object does not refer to this storage", key)
      }
      let range = try Self.range(of: storage, key, in: file, at: position)
      guard ranges.updateValue(range, forKey: key) == nil else {
        throw Self.failure(.duplicateKey, "the file lists the storage twice", key)
      }
      position = range.upperBound
    }
    if let key = described.keys.filter({ ranges[$0] == nil }).min(by: {
      $0.lexicographicallyPrecedes($1)
    }) {
      throw Self.failure(
        .storageMissing, "the file does not hold this storage, which is the data of tensors", key)
    }
    guard position == file.byteCount else {
      throw GPUMergeError(
        .trailingData,
        "the file goes on after the last storage, for \(byteCountText(file.byteCount - position))",
        offset: position)
    }
  }

  /// Where the bytes of the storage lie whose count is at `position`.
  private static func range(
    of storage: PickleStorage, _ key: [UInt8], in file: InputFile, at position: Int
  ) throws(GPUMergeError) -> Range<Int> {
    guard file.byteCount - position >= countByteCount else {
      throw truncated(key, at: position, missing: countByteCount - (file.byteCount - position))
    }
    let bytes = try file.bytes(at: position, count: countByteCount)
    let count = Int64(bitPattern: bytes.integer(UInt64.self, at: 0))
    guard Int(exactly: count) == storage.elementCount, let byteCount = storage.byteCount else {
      throw failure(
        .storageSize,
        "the storage has \(count) elements, its tensors need \(storage.elementCount)", key,
        at: position)
    }
    let start = position + countByteCount
    guard byteCount <= file.byteCount - start else {
      throw truncated(key, at: start, missing: byteCount - (file.byteCount - start))
    }
    return start..<start + byteCount
  }

  private static func truncated(
    _ key: [UInt8], at offset: Int, missing count: Int
  ) -> GPUMergeError {
    failure(
      .truncated, "the file ends \(byteCountText(count)) before the end of this storage", key,
      at: offset,
      advice: "It was probably cut short: copy or download it again")
  }

  private static func failure(
    _ kind: GPUMergeError.Kind, _ problem: String, _ key: [UInt8], at offset: Int? = nil,
    advice: String? = nil
  ) -> GPUMergeError {
    GPUMergeError(
      kind, problem, subject: "data/" + String(decoding: key, as: UTF8.self), offset: offset,
      advice: advice)
  }

  var storageCount: Int { ranges.count }

  func byteCount(ofStorage key: [UInt8]) -> Int? { ranges[key]?.count }

  func source(ofStorage key: [UInt8]) throws(GPUMergeError) -> any ByteSource {
    guard let range = ranges[key] else {
      throw Self.failure(
        .storageMissing, "the file does not hold this storage, which is the data of tensors", key)
    }
    return FileRegion(file, offset: range.lowerBound, byteCount: range.count)
  }
}
