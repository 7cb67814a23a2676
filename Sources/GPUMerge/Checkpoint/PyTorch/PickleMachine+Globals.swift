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
      // The string on top of the stack is the name of the tensor about to be described.
      let tensor = stack.last.flatMap { arena.string($0) }
      throw failure(
        .layoutUnsupported,
        "the tensor \(tensor.map { "'\(escaped($0))' " } ?? "")\(reason)",
        advice: "Convert it to an ordinary dense tensor with PyTorch first")
    }
    let isDangerous = PickleGlobal.isDangerous(module: module, name: name)
    guard allowsOpaqueObjects, !isDangerous else {
      throw refusal(of: "\(module).\(name)", isDangerous: isDangerous)
    }
    return arena.addUnknown("\(module).\(name)")
  }

  private func refusal(of global: String, isDangerous: Bool) -> GPUMergeError {
    let save = "load the file with PyTorch and save only model.state_dict()"
    let advice =
      if isDangerous {
        "Do not use the file unless you know why it does"
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
    !stack.isEmpty
      && !stack.contains {
        guard case .global(let global) = arena[$0] else { return false }
        return global.makesTensors
      }
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
