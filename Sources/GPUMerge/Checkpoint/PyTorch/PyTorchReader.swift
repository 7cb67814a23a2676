/// Opens the checkpoints that `torch.save` writes since PyTorch 1.6.
package enum PyTorchReader {
  /// The key below `_metadata` where our own files keep their metadata.
  static let metadataKey = "__gpumerge__"

  /// Opens a checkpoint and checks everything but the tensors' data.
  ///
  /// `options.root` is the key (or keys, with dots between) that leads to the dict of tensors, or nil
  /// to look in the customary places.
  package static func open(
    _ file: InputFile, options: ReadingOptions
  ) throws(GPUMergeError) -> Checkpoint {
    do throws(GPUMergeError) {
      return try read(file, options: options)
    } catch {
      var error = error
      if error.file == nil { error.file = file.path }
      throw error
    }
  }

  private static func read(
    _ file: InputFile, options: ReadingOptions
  ) throws(GPUMergeError) -> Checkpoint {
    let limits = options.limits
    let archive = try TorchArchive(ZipArchive(file, limits: limits))
    var machine = PickleMachine(try archive.pickle(limits: limits), limits: limits)
    let top = try machine.run()
    let arena = machine.arena
    try PickleGraph.check(arena, from: top, limits: limits)
    let storages = try StorageTable(arena, in: archive)
    var finder = StateDictFinder(arena)
    let stateDict = try finder.find(from: top, root: options.root)
    guard stateDict.entries.count <= limits.tensorCount else {
      throw GPUMergeError(.notACheckpoint, "the file has \(stateDict.entries.count) tensors")
    }
    let builder = TensorBuilder(
      arena: arena, storages: storages, isBigEndian: archive.isBigEndian, limits: limits)
    var tensors: [TensorInfo] = []
    var attributed = 0
    for (key, value) in stateDict.entries {
      guard case .tensor(let index) = arena[value] else { continue }
      let tensor = arena.tensors[Int(index)]
      tensors.append(try builder.tensor(key, tensor))
      if tensor.hasAttributes { attributed += 1 }
    }
    let warnings = warnings(archive, storages, leftAside: finder.leftAside, attributed)
    let members = storages.storedMembers
    return Checkpoint(
      path: file.path, format: .pytorch, tensors: tensors,
      metadata: metadata(of: stateDict, arena), warnings: warnings, files: [file]
    ) { () throws(GPUMergeError) in
      try file.checkUnchanged()
      for member in members { try member.verify() }
    }
  }

  private static func warnings(
    _ archive: TorchArchive, _ storages: StorageTable, leftAside: [String], _ attributed: Int
  ) -> [String] {
    var warnings: [String] = []
    if archive.uncheckedCount > 0 {
      warnings.append(
        "\(archive.uncheckedCount) members have no CRC-32, so damage in them goes unnoticed")
    }
    if !leftAside.isEmpty {
      let keys = leftAside.prefix(20).map { "'\(escaped($0))'" }.joined(separator: ", ")
      warnings.append("left aside beside the tensors: \(keys)\(leftAside.count > 20 ? ", …" : "")")
    }
    if attributed > 0 {
      warnings.append("\(attributed) tensors have Python attributes, which are not kept")
    }
    if leftAside.isEmpty, archive.storageCount > storages.openedCount {
      warnings.append(
        "\(archive.storageCount - storages.openedCount) storages belong to no tensor")
    }
    return warnings
  }

  /// What a merge wrote beside the tensors, if this file comes from one.
  private static func metadata(
    of stateDict: PickleDictionary, _ arena: PickleArena
  ) -> [(key: String, value: String)] {
    guard let attributes = stateDict.metadata.flatMap(arena.dictionary),
      let own = arena.value(of: metadataKey, in: attributes).flatMap(arena.dictionary)
    else { return [] }
    return own.entries.compactMap { entry in
      guard let key = arena.string(entry.key), let value = arena.string(entry.value) else {
        return nil
      }
      return (key, value)
    }
  }
}
