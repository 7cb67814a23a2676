/// Opens the checkpoints that `torch.save` writes: zip archives, and before PyTorch 1.6 other files.
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
    let content = try content(of: file, options: options)
    let arena = content.arena
    var finder = StateDictFinder(arena)
    let stateDict = try finder.find(from: content.top, root: options.root)
    guard stateDict.entries.count <= options.limits.tensorCount else {
      throw GPUMergeError(
        .notACheckpoint,
        "the file has \(stateDict.entries.count) tensors, more than the limit of "
          + "\(options.limits.tensorCount)", advice: GPUMergeError.Kind.raise("tensorCount"))
    }
    let builder = TensorBuilder(
      arena: arena, storages: content.storages, isBigEndian: content.isBigEndian,
      limits: options.limits)
    var tensors: [TensorInfo] = []
    var attributed = 0
    for (key, value) in stateDict.entries {
      guard case .tensor(let index) = arena[value] else { continue }
      let tensor = arena.tensors[Int(index)]
      tensors.append(try builder.tensor(key, tensor))
      if tensor.hasAttributes { attributed += 1 }
    }
    let warnings = warnings(content, leftAside: finder.leftAside, attributed)
    let members = content.storages.storedMembers
    return Checkpoint(
      path: file.path, format: .pytorch, tensors: tensors,
      metadata: metadata(of: stateDict, arena), warnings: warnings, files: [file]
    ) { () throws(GPUMergeError) in
      try file.checkUnchanged()
      for member in members { try member.verify() }
    }
  }

  private static func content(
    of file: InputFile, options: ReadingOptions
  ) throws(GPUMergeError) -> TorchContent {
    let count = min(TorchLegacyFile.prefixByteCount, file.byteCount)
    if TorchLegacyFile.matches(try file.bytes(at: 0, count: count)) {
      var legacy = try TorchLegacyFile(file, options: options)
      return try legacy.content()
    }
    return try TorchArchive(ZipArchive(file, limits: options.limits)).content(options: options)
  }

  private static func warnings(
    _ content: TorchContent, leftAside: [String], _ attributed: Int
  ) -> [String] {
    var warnings = content.warnings
    if !leftAside.isEmpty {
      warnings.append("left aside beside the tensors: \(list(leftAside))")
    }
    if !content.arena.unknownNames.isEmpty {
      warnings.append(
        "passed over objects of unknown classes, of which nothing was run: "
          + list(content.arena.unknownNames))
    }
    if attributed > 0 {
      warnings.append("\(attributed) tensors have Python attributes, which are not kept")
    }
    if leftAside.isEmpty, content.storages.unopenedCount > 0 {
      warnings.append("\(content.storages.unopenedCount) storages belong to no tensor")
    }
    return warnings
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(20).map { "'\(escaped($0))'" }.joined(separator: ", ")
      + (names.count > 20 ? ", …" : "")
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
