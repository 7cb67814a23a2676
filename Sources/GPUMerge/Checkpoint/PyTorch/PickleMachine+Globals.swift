// Names of classes and functions, and what is made of those that are not on the list: nothing.
extension PickleMachine {
  mutating func pushGlobal(_ opcode: PickleOpcode) throws(GPUMergeError) {
    let module: String
    let name: String
    if opcode == .global {
      module = try line()
      name = try line()
    } else {
      let ids = (name: try pop(), module: try pop())
      guard let givenModule = arena.string(ids.module), let givenName = arena.string(ids.name),
        givenModule.utf8.count <= 256, givenName.utf8.count <= 256
      else { throw failure(.pickleGlobal, "a class or function is named by no proper string") }
      module = givenModule
      name = givenName
    }
    try push(global(module, name))
  }

  /// Looks up a name on the list.
  private mutating func global(_ module: String, _ name: String) throws(GPUMergeError) -> NodeID {
    if let known = PickleGlobal(module: module, name: name) { return arena.add(.global(known)) }
    if let reason = PickleGlobal.unsupported(module: module, name: name) {
      throw failure(
        .layoutUnsupported, "\(currentTensor) \(reason)",
        advice: GPUMergeError.Kind.layoutUnsupported.advice)
    }
    let isDangerous = PickleGlobal.isDangerous(module: module, name: name)
    guard allowsOpaqueObjects, !isDangerous else {
      throw refusal(of: "\(module).\(name)", isDangerous: isDangerous)
    }
    return arena.addUnknown("\(module).\(name)")
  }

  /// The tensor that is being described, by its name if that is known: it is the key, and so the
  /// string below the function that makes the tensor, or on top if that is not there yet.
  var currentTensor: String {
    let end = stack.firstIndex { makesTensors($0) } ?? stack.endIndex
    let name = stack[..<end].last.flatMap { arena.string($0) }
    return name.map { "the tensor '\(escaped($0))'" } ?? "a tensor"
  }

  private func makesTensors(_ id: NodeID) -> Bool {
    if case .global(let global) = arena[id] { global.makesTensors } else { false }
  }

  private func refusal(of global: String, isDangerous: Bool) -> GPUMergeError {
    let save =
      "load it with PyTorch and save only its tensors: torch.save(model.state_dict(), 'NEW')"
    let advice =
      if isDangerous {
        "It could run any program where it is loaded: do not use it unless you know why it does that"
      } else if isPassable {
        "If it belongs to an object outside of the tensors, --allow-opaque passes over that object "
          + "without running anything; otherwise, if you trust the file, \(save)"
      } else {
        "If you trust the file, \(save)"
      }
    return failure(
      .pickleGlobal,
      "the file refers to '\(escaped(global))', which a checkpoint of tensors does not need; "
        + "nothing was run", advice: advice)
  }

  /// Whether what comes next may lie outside of the dict of tensors: it is neither the whole content
  /// of the file nor a part of a tensor.
  private var isPassable: Bool {
    !stack.isEmpty && !stack.contains { makesTensors($0) }
  }

  /// Objects made in ways that PyTorch's own are not: only those of unknown classes.
  mutating func pushObject(_ opcode: PickleOpcode) throws(GPUMergeError) {
    let type: NodeID?
    if opcode == .object {
      type = try popToMark().first
    } else {
      let arguments = (keywords: try pop(), positions: try pop())
      guard case .dictionary = arena[arguments.keywords], arena.tuple(arguments.positions) != nil
      else { throw failure(.pickleStack, "a class is called with malformed arguments") }
      type = try pop()
    }
    guard let type, case .unknown = arena[type] else { throw notAllowed(opcode.rawValue) }
    try push(type)
  }
}
