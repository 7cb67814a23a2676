// The stack, and the containers on it that grow.
extension PickleMachine {
  mutating func push(_ node: NodeID) throws(GPUMergeError) {
    guard stack.count + marks.count < limits.stackCount else {
      throw failure(.pickleStack, "more than \(limits.stackCount) objects are unfinished")
    }
    stack.append(node)
  }

  mutating func pushMark() throws(GPUMergeError) {
    guard stack.count + marks.count < limits.stackCount else {
      throw failure(.pickleStack, "more than \(limits.stackCount) objects are unfinished")
    }
    marks.append(UInt32(stack.count))
  }

  /// Throws unless `count` objects can be taken from the stack.
  func require(_ count: Int) throws(GPUMergeError) {
    guard stack.count - Int(marks.last ?? 0) >= count else {
      throw failure(.pickleStack, "an object is missing on the stack")
    }
  }

  func top() throws(GPUMergeError) -> NodeID {
    try require(1)
    return stack[stack.count - 1]
  }

  mutating func pop() throws(GPUMergeError) -> NodeID {
    try require(1)
    return stack.removeLast()
  }

  mutating func popToMark() throws(GPUMergeError) -> [NodeID] {
    guard let height = marks.popLast().map(Int.init) else {
      throw failure(.pickleStack, "a mark is missing on the stack")
    }
    let items = Array(stack[height...])
    stack.removeSubrange(height...)
    return items
  }

  mutating func append(_ items: [NodeID]) throws(GPUMergeError) {
    switch arena[try top()] {
    case .list(let index): arena.append(items, toList: index)
    case .unknown: break
    default: throw failure(.pickleStack, "something is appended to \(arena.kindName(try top()))")
    }
  }

  mutating func setItems(_ items: [NodeID]) throws(GPUMergeError) {
    guard items.count % 2 == 0 else {
      throw failure(.pickleStack, "a key is put into \(arena.kindName(try top())) without a value")
    }
    switch arena[try top()] {
    case .dictionary(let index): arena.append(items, toDictionary: index)
    case .unknown: break
    default:
      throw failure(.pickleStack, "keys and values are put into \(arena.kindName(try top()))")
    }
  }

  mutating func addItems(_ items: [NodeID]) throws(GPUMergeError) {
    switch arena[try top()] {
    case .opaque, .unknown: break
    default: throw failure(.pickleStack, "something is added to \(arena.kindName(try top()))")
    }
  }
}
