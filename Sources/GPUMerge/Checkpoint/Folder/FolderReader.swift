import SystemPackage

/// Opens the models that are folders, as transformers, PEFT and the Hugging Face Hub lay them out.
enum FolderReader {
  /// Opens a folder's model, which the names of its files tell.
  static func open(
    _ folder: InputFolder, options: ReadingOptions
  ) throws(GPUMergeError) -> Checkpoint {
    let choice = try FolderChoice(in: folder, variant: options.variant)
    var checkpoint: Checkpoint
    switch choice {
    case .single(let file):
      checkpoint = try Checkpoint.open(
        InputFile(opening: .init(file.singleName), in: folder), options: options)
    case .index(let file):
      checkpoint = try sharded(folder, file, options: options)
    }
    checkpoint.path = folder.path
    try addCompanions(of: folder, isAdapter: choice.isAdapter, to: &checkpoint, options.limits)
    return checkpoint
  }

  /// Opens the sharded checkpoint that an index in a folder describes.
  static func open(
    _ folder: InputFolder, index name: String, options: ReadingOptions
  ) throws(GPUMergeError) -> Checkpoint {
    guard let file = WeightsFile(indexName: name) else {
      throw GPUMergeError(
        .notACheckpoint, "this is not the name of an index", file: folder.path, subject: name,
        advice: "Name the folder, or a file such as model.safetensors.index.json")
    }
    var checkpoint = try sharded(folder, file, options: options)
    checkpoint.path = folder.path.appending(name)
    let isAdapter = WeightsFile.adapters.contains(file.name)
    try addCompanions(of: folder, isAdapter: isAdapter, to: &checkpoint, options.limits)
    return checkpoint
  }

  private static func sharded(
    _ folder: InputFolder, _ file: WeightsFile, options: ReadingOptions
  ) throws(GPUMergeError) -> Checkpoint {
    let name = file.indexName
    let index: ShardIndex
    do throws(GPUMergeError) {
      let text = try text(of: name, in: folder, kind: .indexJSON, options.limits)
      index = try ShardIndex(
        parsing: text, fileExtension: file.fileExtension, limits: options.limits)
    } catch {
      var error = error
      if error.file == nil { error.file = folder.path.appending(name) }
      throw error
    }
    return try ShardSet(index, named: name, in: folder, options: options).checkpoint()
  }

  private static func addCompanions(
    of folder: InputFolder, isAdapter: Bool, to checkpoint: inout Checkpoint, _ limits: Limits
  ) throws(GPUMergeError) {
    checkpoint.folder = folder.path
    if isAdapter {
      checkpoint.adapterConfig = try adapterConfig(of: folder, limits)
    } else if folder.contains("config.json") {
      do throws(GPUMergeError) {
        checkpoint.config = try json("config.json", in: folder, limits)
      } catch {
        checkpoint.warnings.append(
          "config.json cannot be checked, and goes into an output folder, if at all, as it is: "
            + error.problem)
      }
    }
  }

  private static func adapterConfig(
    of folder: InputFolder, _ limits: Limits
  ) throws(GPUMergeError) -> JSONValue {
    guard folder.contains("adapter_config.json") else {
      throw GPUMergeError(
        .notACheckpoint, "the folder has an adapter, but no adapter_config.json to tell which kind",
        file: folder.path,
        advice: "Download that file, or name the file with the adapter's weights instead")
    }
    return try json("adapter_config.json", in: folder, limits)
  }

  /// A small JSON file of a folder, which must be an object.
  private static func json(
    _ name: String, in folder: InputFolder, _ limits: Limits
  ) throws(GPUMergeError) -> JSONValue {
    do throws(GPUMergeError) {
      let text = try text(of: name, in: folder, kind: .configuration, limits)
      let value = try JSONValue(parsing: text)
      guard value.members != nil else {
        throw GPUMergeError(.configuration, "the file is not a JSON object")
      }
      return value
    } catch {
      var error = error
      if error.file == nil { error.file = folder.path.appending(name) }
      if error.kind != .io {
        error.kind = .notACheckpoint
        error.advice = "Download it again"
      }
      throw error
    }
  }

  private static func text(
    of name: String, in folder: InputFolder, kind: GPUMergeError.Kind, _ limits: Limits
  ) throws(GPUMergeError) -> [UInt8] {
    let file = try InputFile(opening: .init(name), in: folder)
    guard file.byteCount <= limits.indexByteCount else {
      throw GPUMergeError(
        kind,
        "the file has \(byteCountText(file.byteCount)), more than the limit of "
          + "\(limits.indexByteCount)", file: file.path,
        advice: "It is probably not what its name says: download it again")
    }
    return try file.bytes(at: 0, count: file.byteCount)
  }
}
