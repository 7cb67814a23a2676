/// Writes the pickle of a state dict as `torch.save` does: protocol 2, an OrderedDict of tensors.
struct PickleWriter {
  private(set) var bytes: [UInt8] = [PickleOpcode.protocol.rawValue, 2]
  /// The memo numbers of what occurs more than once.
  private var memo: [[UInt8]: UInt32] = [:]

  /// The entries between a MARK and its SETITEMS, as Python's pickle does it.
  private static let batchCount = 1000

  /// Returns the pickle of tensors whose storages have the keys "0", "1" and so on.
  ///
  /// Tied names are tensors over the storage of the tensor that they are tied to.
  static func pickle(
    _ tensors: [OutputTensor], ties: [TiedTensor], metadata: [(key: String, value: String)]
  ) throws(GPUMergeError) -> [UInt8] {
    var writer = PickleWriter()
    writer.writeEmptyOrderedDict()
    var count = 0
    try ties.forEachName(stepCount: tensors.count) { (index, name) throws(GPUMergeError) in
      if count % batchCount == 0 { writer.write(.mark) }
      writer.write(name?.utf8 ?? tensors[index].name.utf8)
      try writer.write(tensors[index], key: index)
      count += 1
      if count % batchCount == 0 { writer.write(.setItems) }
    }
    if count % batchCount != 0 { writer.write(.setItems) }
    if !metadata.isEmpty { writer.writeAttributes(metadata) }
    writer.write(.stop)
    return writer.bytes
  }

  /// Sets `_metadata`, the one attribute that state dicts have.
  ///
  /// PyTorch keeps it, and looks there only for the names of modules, so that a name no module has
  /// disturbs nobody.
  private mutating func writeAttributes(_ metadata: [(key: String, value: String)]) {
    write(.emptyDictionary)
    write(Array("_metadata".utf8))
    writeEmptyOrderedDict()
    write(Array(PyTorchReader.metadataKey.utf8))
    write(.emptyDictionary)
    write(.mark)
    for (key, value) in metadata {
      write(Array(key.utf8))
      write(Array(value.utf8))
    }
    write(.setItems)
    write(.setItem)
    write(.setItem)
    write(.build)
  }

  private mutating func write(_ tensor: OutputTensor, key: Int) throws(GPUMergeError) {
    let form = try TorchForm(of: tensor)
    writeGlobal(
      "torch._utils", form.storageName == nil ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2")
    write(.mark)
    write(.mark)
    writeShared("storage")
    if let storageName = form.storageName {
      writeGlobal("torch", storageName)
    } else {
      writeGlobal("torch.storage", "UntypedStorage")
    }
    write(Array(String(key).utf8))
    writeShared("cpu")
    write(form.storageElementCount)
    write(.tuple)
    write(.persistentID)
    write(0)
    write(form.shape)
    write(form.strides)
    write(.false)
    writeEmptyOrderedDict()
    if form.storageName == nil { writeGlobal("torch", form.dtypeName) }
    write(.tuple)
    write(.reduce)
  }

  private mutating func write(_ opcode: PickleOpcode) {
    bytes.append(opcode.rawValue)
  }

  private mutating func write(_ utf8: [UInt8]) {
    write(.unicode)
    bytes.append(littleEndian: UInt32(clamping: utf8.count))
    bytes.append(contentsOf: utf8)
  }

  private mutating func write(_ value: Int) {
    if let byte = UInt8(exactly: value) {
      write(.uint8)
      bytes.append(byte)
    } else if let short = UInt16(exactly: value) {
      write(.uint16)
      bytes.append(littleEndian: short)
    } else if let word = Int32(exactly: value) {
      write(.int32)
      bytes.append(littleEndian: word)
    } else {
      write(.long)
      bytes.append(8)
      bytes.append(littleEndian: value)
    }
  }

  private mutating func write(_ values: [Int]) {
    if values.isEmpty { return write(.emptyTuple) }
    write(.mark)
    for value in values { write(value) }
    write(.tuple)
  }

  private mutating func writeEmptyOrderedDict() {
    writeGlobal("collections", "OrderedDict")
    write(.emptyTuple)
    write(.reduce)
  }

  private mutating func writeGlobal(_ module: String, _ name: String) {
    let line = Array("\(module)\n\(name)\n".utf8)
    writeOnce([PickleOpcode.global.rawValue] + line)
  }

  private mutating func writeShared(_ text: String) {
    var writer = PickleWriter()
    writer.bytes = []
    writer.write(Array(text.utf8))
    writeOnce(writer.bytes)
  }

  /// Writes what makes an object the first time, and where it is in the memo from then on.
  private mutating func writeOnce(_ opcodes: [UInt8]) {
    if let index = memo[opcodes] {
      write(.get)
      bytes.append(UInt8(clamping: index))
      return
    }
    let index = UInt32(memo.count)
    memo[opcodes] = index
    bytes.append(contentsOf: opcodes)
    // There are fewer than 256 different classes and functions.
    write(.put)
    bytes.append(UInt8(clamping: index))
  }
}
