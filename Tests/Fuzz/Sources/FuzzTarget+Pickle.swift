@testable import GPUMerge

extension FuzzTarget {
  /// `data.pkl` in an archive that has all the storages that it names, so that neither checksums nor
  /// sizes are in the way.
  ///
  /// The first byte is not part of it: its lowest bit allows objects of unknown classes.
  static let pickle = FuzzTarget("pickle") { bytes in
    guard let flags = bytes.first else { return }
    var options = ReadingOptions()
    options.allowsOpaqueObjects = flags & 1 == 1
    let pickle = Array(bytes.dropFirst())
    var machine = PickleMachine(
      pickle, member: "data.pkl", storedByteCount: pickle.count, options: options)
    _ = try machine.run()
    let memory = try archive(of: pickle, storages(of: machine.arena))
    let checkpoint = try PyTorchReader.open(try memory.open(), options: options)
    try Rules.check(checkpoint)
    try Rules.checkRoundTrip(of: checkpoint)
  }

  /// More than this, and the storages are not made.
  private static let maximumByteCount = 1 << 30

  private static func storages(of arena: PickleArena) -> [[UInt8]: Int] {
    var storages: [[UInt8]: Int] = [:]
    for storage in arena.storages {
      guard let count = storage.byteCount, (0...maximumByteCount).contains(count) else { continue }
      storages[Array(arena.bytes[storage.key.range])] = count
    }
    return storages
  }

  private static func archive(
    of pickle: [UInt8], _ storages: [[UInt8]: Int]
  ) throws(GPUMergeError) -> MemoryFile {
    var writer = ZipLayoutWriter()
    try writer.addMember("a/data.pkl", contents: pickle)
    try writer.addMember("a/version", contents: Array("3\n".utf8))
    for (index, storage) in storages.enumerated() {
      let name = "a/data/" + String(decoding: storage.key, as: UTF8.self)
      // A name that no member can have makes the archive fail, as it should.
      try writer.addMember(name, tensor: index, byteCount: storage.value)
    }
    let layout = try writer.finish()
    return MemoryFile(layout.literals, byteCount: layout.byteCount)
  }
}
