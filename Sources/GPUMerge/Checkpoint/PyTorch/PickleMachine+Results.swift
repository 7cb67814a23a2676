// What the functions on the list would make of their arguments.
extension PickleMachine {
  /// Looks up a name on the list. `tensor` is the name of what is being described, if known.
  func global(
    _ module: String, _ name: String, for tensor: String?
  ) throws(GPUMergeError) -> PickleGlobal {
    if let known = PickleGlobal(module: module, name: name) { return known }
    if let reason = PickleGlobal.unsupported(module: module, name: name) {
      throw failure(
        .layoutUnsupported,
        "the tensor \(tensor.map { "'\(escaped($0))' " } ?? "")\(reason)",
        advice: "Convert it to an ordinary dense tensor with PyTorch first")
    }
    throw failure(
      .pickleGlobal,
      "the file refers to '\(escaped("\(module).\(name)"))', which a checkpoint of tensors does not "
        + "need; nothing was run",
      advice: "If you trust the file, load it with PyTorch and save only model.state_dict()")
  }

  /// The storage that a persistent id names: ('storage', class, key, location, count).
  mutating func storage(_ id: NodeID) throws(GPUMergeError) -> NodeID {
    guard let items = arena.tuple(id, atMost: 5), items.count == 5,
      arena.utf8(items[0])?.elementsEqual("storage".utf8) == true,
      case .global(.storage(let dtype)) = arena[items[1]],
      case .string(let key) = arena[items[2]], arena.utf8(items[3]) != nil,
      let count = arena.int(items[4])
    else { throw failure(.persistentID, "a persistent id does not name a storage") }
    guard count >= 0 else { throw failure(.storageSize, "a storage has \(count) elements") }
    return arena.add(PickleStorage(key: key, dtype: dtype, elementCount: count))
  }

  /// The result of a call, or of making an object of a class.
  mutating func result(
    of function: NodeID, _ arguments: NodeID, isNew: Bool
  ) throws(GPUMergeError) -> NodeID {
    guard case .global(let global) = arena[function] else {
      throw failure(.pickleStack, "\(arena[function].kindName) is called")
    }
    guard let items = arena.tuple(arguments, atMost: 8) else {
      throw failure(.pickleStack, "the arguments of a call are no tuple, or too many")
    }
    guard !isNew || global == .orderedDict || global == .counter || global == .set else {
      throw wrongArguments
    }
    return try result(of: global, items)
  }

  private var wrongArguments: GPUMergeError {
    failure(.pickleStack, "a call has other arguments than PyTorch writes")
  }

  private mutating func result(
    of global: PickleGlobal, _ items: [NodeID]
  ) throws(GPUMergeError) -> NodeID {
    switch global {
    case .orderedDict: return try orderedDict(items)
    case .counter: return try counter(items)
    case .size:
      guard items.count == 1, case .tuple = arena[items[0]] else { throw wrongArguments }
      return items[0]
    case .set, .byteArray, .complex, .encode, .device:
      guard items.count <= 2 else { throw wrongArguments }
      return arena.add(.opaque)
    case .rebuildTensor, .rebuildTensorV2, .rebuildTensorV3: return try tensor(global, items)
    case .rebuildParameter, .rebuildParameterWithState, .parameter:
      return try parameter(global, items)
    case .rebuildFromType: return try tensorOfType(items)
    case .tensorClass, .storage, .dtype:
      throw failure(.pickleStack, "a class is called that PyTorch never calls")
    }
  }

  private mutating func orderedDict(_ items: [NodeID]) throws(GPUMergeError) -> NodeID {
    var dictionary = PickleDictionary(isOrdered: true)
    // Python 2 wrote the entries as a list of pairs.
    if let pairs = items.first {
      guard items.count == 1, let pairs = arena.sequence(pairs) else { throw wrongArguments }
      try countCopies(pairs.count)
      for pair in pairs {
        guard let pair = arena.sequence(pair), pair.count == 2, let key = pair.first,
          let value = pair.last
        else { throw wrongArguments }
        dictionary.entries.append((key, value))
      }
    }
    return arena.add(dictionary)
  }

  private mutating func counter(_ items: [NodeID]) throws(GPUMergeError) -> NodeID {
    guard let first = items.first else { return arena.add(PickleDictionary()) }
    guard items.count == 1, var dictionary = arena.dictionary(first) else { throw wrongArguments }
    try countCopies(dictionary.entries.count)
    dictionary.isOrdered = false
    return arena.add(dictionary)
  }

  private func requireNoHooks(_ hooks: NodeID) throws(GPUMergeError) {
    guard let hooks = arena.dictionary(hooks), hooks.isOrdered, hooks.entries.isEmpty else {
      throw failure(.pickleStack, "a tensor has backward hooks")
    }
  }

  /// A parameter is its tensor: (tensor[, requires_grad[, hooks[, state]]]).
  private mutating func parameter(
    _ global: PickleGlobal, _ items: [NodeID]
  ) throws(GPUMergeError) -> NodeID {
    let counts: ClosedRange<Int> =
      switch global {
      case .parameter: 1...2
      case .rebuildParameter: 3...3
      default: 4...4
      }
    guard counts.contains(items.count), case .tensor(let index) = arena[items[0]] else {
      throw wrongArguments
    }
    if items.count > 1 {
      guard case .bool = arena[items[1]] else { throw wrongArguments }
    }
    if items.count > 2 { try requireNoHooks(items[2]) }
    guard items.count > 3 else { return items[0] }
    return markAttributes(of: items[0], index, state: items[3])
  }

  /// (function, class, arguments of the function, attributes).
  private mutating func tensorOfType(_ items: [NodeID]) throws(GPUMergeError) -> NodeID {
    guard items.count == 4, case .global(let function) = arena[items[0]],
      case .global(let type) = arena[items[1]], type == .tensorClass || type == .parameter,
      let arguments = arena.tuple(items[2], atMost: 8)
    else { throw wrongArguments }
    let id: NodeID
    switch function {
    case .rebuildTensor, .rebuildTensorV2, .rebuildTensorV3: id = try tensor(function, arguments)
    case .rebuildParameter: id = try parameter(function, arguments)
    default: throw wrongArguments
    }
    guard case .tensor(let index) = arena[id] else { throw wrongArguments }
    return markAttributes(of: id, index, state: items[3])
  }

  private mutating func markAttributes(
    of tensor: NodeID, _ index: UInt32, state: NodeID
  ) -> NodeID {
    let isEmpty =
      switch arena[state] {
      case .none: true
      case .dictionary(let index):
        arena.dictionaries[Int(index)].entries.prefix(3).allSatisfy {
          // What torch.nn.Buffer sets by itself.
          arena.string($0.key) == "persistent" || arena.string($0.key) == "_is_buffer"
        }
      default: false
      }
    if !isEmpty { arena.tensors[Int(index)].hasAttributes = true }
    return tensor
  }

  /// Attributes given to an object: only an OrderedDict's `_metadata`.
  mutating func build(_ object: NodeID, _ state: NodeID) throws(GPUMergeError) {
    guard case .dictionary(let index) = arena[object], arena.dictionaries[Int(index)].isOrdered,
      let attributes = arena.dictionary(state), attributes.entries.count == 1,
      arena.utf8(attributes.entries[0].key)?.elementsEqual("_metadata".utf8) == true
    else {
      throw failure(
        .pickleStack, "\(arena[object].kindName) gets attributes that PyTorch does not write")
    }
    arena.dictionaries[Int(index)].metadata = attributes.entries[0].value
  }
}
