/// The storages of a checkpoint, each checked against the member that holds it.
final class StorageTable {
  private let archive: TorchArchive
  private var entries: [[UInt8]: Entry] = [:]
  /// Those that were opened because a tensor lies in them.
  private(set) var storedMembers: [StoredMember] = []
  private(set) var openedCount = 0

  private struct Entry {
    var dtype: DType?
    var byteCount: Int
    var member: ZipMember
    var source: (any ByteSource)?
  }

  /// Checks all storages that the pickle refers to, before any data is read.
  init(_ arena: PickleArena, in archive: TorchArchive) throws(GPUMergeError) {
    self.archive = archive
    for storage in arena.storages {
      let key = Array(arena.bytes[storage.key.range])
      let byteCount = try Self.byteCount(of: storage, key)
      guard let known = entries[key] else {
        entries[key] = try entry(key, storage.dtype, byteCount)
        continue
      }
      // A storage is one type, except that untyped ones and bytes are the same thing, and that
      // empty ones are no matter.
      let types = [known.dtype, storage.dtype]
      let isSame =
        known.dtype == storage.dtype || types.allSatisfy { $0 == nil || $0 == .uint8 }
      guard known.byteCount == byteCount, isSame || byteCount == 0 else {
        throw Self.failure(.storageSize, "the file describes the storage in two ways", key)
      }
    }
  }

  private static func byteCount(
    of storage: PickleStorage, _ key: [UInt8]
  ) throws(GPUMergeError) -> Int {
    let width = (storage.dtype?.bitWidth ?? 8) / 8
    let (byteCount, overflow) = storage.elementCount.multipliedReportingOverflow(by: width)
    guard !overflow else {
      throw failure(.storageSize, "the storage has \(storage.elementCount) elements", key)
    }
    return byteCount
  }

  private func entry(
    _ key: [UInt8], _ dtype: DType?, _ byteCount: Int
  ) throws(GPUMergeError) -> Entry {
    guard let member = archive.storage(key) else {
      throw Self.failure(.storageMissing, "the archive does not hold this storage", key)
    }
    guard member.byteCount == byteCount else {
      throw Self.failure(
        .storageSize,
        "the storage has \(member.byteCount) bytes, its tensors need \(byteCount)", key)
    }
    return Entry(dtype: dtype, byteCount: byteCount, member: member)
  }

  private static func failure(
    _ kind: GPUMergeError.Kind, _ problem: String, _ key: [UInt8]
  ) -> GPUMergeError {
    GPUMergeError(kind, problem, subject: "data/" + String(decoding: key, as: UTF8.self))
  }

  /// The bytes of a storage; the same object for all its tensors.
  func source(
    _ storage: PickleStorage, _ arena: PickleArena
  ) throws(GPUMergeError) -> any ByteSource {
    let key = Array(arena.bytes[storage.key.range])
    guard let entry = entries[key] else {
      throw Self.failure(.storageMissing, "the archive does not hold this storage", key)
    }
    if let source = entry.source { return source }
    openedCount += 1
    let source: any ByteSource
    if entry.member.isDeflated {
      source = try DeflatedMember(entry.member, in: archive.archive.file)
    } else {
      let stored = StoredMember(entry.member, in: archive.archive.file)
      storedMembers.append(stored)
      source = stored
    }
    entries[key]?.source = source
    return source
  }
}
