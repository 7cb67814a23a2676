/// What holds the bytes of a checkpoint's storages: a zip archive, or the rest of an older file.
protocol StorageContainer {
  /// How many storages there are.
  var storageCount: Int { get }

  /// The bytes of the storage of a key, or nil if there is none.
  func byteCount(ofStorage key: [UInt8]) -> Int?

  /// The storage of a key that exists.
  func source(ofStorage key: [UInt8]) throws(GPUMergeError) -> any ByteSource
}
