// What the functions on the list would make of their arguments.
extension PickleMachine {
  /// The result of a call, or of making an object of a class.
  mutating func result(
    of function: NodeID, _ arguments: NodeID, isNew: Bool
  ) throws(GPUMergeError) -> NodeID {
    // Of what unknown code would make, only that it is unknown is kept.
    if case .unknown = arena[function], arena.tuple(arguments) != nil { return function }
    guard case .global(let global) = arena[function] else {
      throw failure(.pickleStack, "\(arena.kindName(function)) is called")
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
    failure(.pickleStack, "a call has wrong arguments")
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
      throw failure(.pickleStack, "\(currentTensor) has backward hooks")
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
    // A subclass of Tensor that is not known may keep its values elsewhere: this is no tensor.
    if items.count == 4, case .unknown = arena[items[1]] { return items[1] }
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

  /// Attributes given to an object: an OrderedDict's `_metadata`, and what a Parameter of PyTorch
  /// before 0.4 says about its gradient.
  mutating func build(_ object: NodeID, _ state: NodeID) throws(GPUMergeError) {
    switch arena[object] {
    case .unknown: return
    case .tensor:
      guard let items = arena.tuple(state), items.count == 3,
        case .bool = arena[items[items.startIndex]],
        case .bool = arena[items[items.startIndex + 1]], isNothing(items[items.startIndex + 2])
      else { break }
      return
    case .dictionary(let index):
      guard arena.dictionaries[Int(index)].isOrdered, let attributes = arena.dictionary(state),
        attributes.entries.count == 1,
        arena.utf8(attributes.entries[0].key)?.elementsEqual("_metadata".utf8) == true
      else { break }
      arena.dictionaries[Int(index)].metadata = attributes.entries[0].value
      return
    default: break
    }
    throw failure(
      .pickleStack, "\(arena.kindName(object)) gets attributes")
  }

  private func isNothing(_ id: NodeID) -> Bool {
    switch arena[id] {
    case .none: true
    case .dictionary(let index): arena.dictionaries[Int(index)].entries.isEmpty
    default: false
    }
  }
}
