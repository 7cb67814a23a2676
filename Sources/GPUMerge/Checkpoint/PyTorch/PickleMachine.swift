/// Reads a pickle without executing anything.
///
/// A pickle is a program that can name and call any function. This machine has no call: where one
/// is written, it compares the function with a short list and describes the result it would have.
struct PickleMachine {
  var arena: PickleArena
  let limits: Limits
  /// Where the next opcode or argument is.
  var position = 0
  /// Where the opcode being executed is.
  var opcodeOffset = 0
  private var opcodeCount = 0
  private var copyCount = 0
  private var stack: [NodeID] = []
  /// The heights of `stack` at the marks; objects below the last mark are out of reach.
  private var marks: [Int] = []
  private var memo = PickleMemo()

  init(_ bytes: [UInt8], limits: Limits) {
    arena = PickleArena(bytes: bytes)
    self.limits = limits
  }

  /// Reads the whole pickle and returns the object it describes.
  mutating func run() throws(GPUMergeError) -> NodeID {
    guard arena.bytes.count < Int32.max else {
      throw failure(.pickleOpcode, "the pickle has more than 2 GiB")
    }
    try start()
    while true {
      opcodeOffset = position
      let code = try byte()
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw failure(.pickleOpcode, "opcode 0x\(String(code, radix: 16)) is not allowed")
      }
      opcodeCount += 1
      guard opcodeCount <= limits.opcodeCount else {
        throw failure(.pickleOpcode, "the pickle has more than \(limits.opcodeCount) opcodes")
      }
      if opcode == .stop { return try finish() }
      try execute(opcode)
    }
  }

  private mutating func start() throws(GPUMergeError) {
    guard try byte() == PickleOpcode.protocol.rawValue else {
      throw failure(.pickleOpcode, "the pickle does not start with its protocol version")
    }
    let version = try byte()
    guard (2...5).contains(version) else {
      throw failure(.pickleOpcode, "pickle protocol \(version) is not supported")
    }
  }

  private mutating func finish() throws(GPUMergeError) -> NodeID {
    let root = try pop()
    guard stack.isEmpty, marks.isEmpty else {
      throw failure(.pickleStack, "the pickle ends with objects left over")
    }
    guard position == arena.bytes.count else {
      throw failure(.trailingData, "there are bytes after the end of the pickle", at: position)
    }
    return root
  }

  private mutating func execute(_ opcode: PickleOpcode) throws(GPUMergeError) {
    switch opcode {
    case .mark: try pushMark()
    case .tuple, .tuple1, .tuple2, .tuple3, .emptyTuple: try pushTuple(opcode)
    case .emptyList: try push(arena.addList())
    case .emptyDictionary: try push(arena.add(PickleDictionary()))
    case .append: try append([try pop()])
    case .appends: try append(try popToMark())
    case .setItem:
      let value = try pop()
      try setItems([try pop(), value])
    case .setItems: try setItems(try popToMark())
    case .addItems: try addItems(try popToMark())
    case .global, .stackGlobal: try pushGlobal(opcode)
    case .persistentID: try push(storage(try pop()))
    case .reduce, .new:
      let arguments = try pop()
      try push(result(of: try pop(), arguments, isNew: opcode == .new))
    case .build:
      let state = try pop()
      try build(try top(), state)
    case .get, .longGet, .put, .longPut, .memoize: try remember(opcode)
    case .frame: try checkFrame()
    case .protocol, .stop: throw failure(.pickleOpcode, "the pickle starts a second time")
    default: try push(literal(opcode))
    }
  }

  private mutating func remember(_ opcode: PickleOpcode) throws(GPUMergeError) {
    let isWide = opcode == .longGet || opcode == .longPut
    let index =
      opcode == .memoize ? memo.count : isWide ? Int(try unsigned(UInt32.self)) : Int(try byte())
    if opcode == .get || opcode == .longGet {
      guard let node = memo[index] else {
        throw failure(.pickleMemo, "memo entry \(index) was never set")
      }
      return try push(node)
    }
    // Every index was set by an opcode of its own, the writers count from 0 or 1.
    guard index <= opcodeCount else {
      throw failure(.pickleMemo, "memo index \(index) is too large")
    }
    memo[index] = try top()
  }

  /// Counts objects that are copied from one container into another. PyTorch's pickles copy each at
  /// most once; without a limit, a short pickle could copy a long list again and again.
  mutating func countCopies(_ count: Int) throws(GPUMergeError) {
    copyCount += count
    guard copyCount <= opcodeCount else {
      throw failure(.pickleDepth, "the same list is made into a dict again and again")
    }
  }

  private mutating func checkFrame() throws(GPUMergeError) {
    let count = try unsigned(UInt64.self)
    guard count <= arena.bytes.count - position else {
      throw failure(.pickleTruncated, "the frame is longer than the pickle")
    }
  }

  private mutating func pushTuple(_ opcode: PickleOpcode) throws(GPUMergeError) {
    switch opcode {
    case .tuple: try push(arena.addTuple(try popToMark()))
    case .emptyTuple: try push(PickleArena.emptyTuple)
    default:
      let count = Int(opcode.rawValue - PickleOpcode.tuple1.rawValue) + 1
      try require(count)
      let items = Array(stack.suffix(count))
      stack.removeLast(count)
      try push(arena.addTuple(items))
    }
  }
}

// MARK: The stack

extension PickleMachine {
  func failure(
    _ kind: GPUMergeError.Kind, _ problem: String, at offset: Int? = nil, advice: String? = nil
  ) -> GPUMergeError {
    GPUMergeError(
      kind, problem, subject: "data.pkl", offset: offset ?? opcodeOffset, advice: advice)
  }

  private mutating func push(_ node: NodeID) throws(GPUMergeError) {
    guard stack.count + marks.count < limits.stackCount else {
      throw failure(.pickleStack, "more than \(limits.stackCount) objects are unfinished")
    }
    stack.append(node)
  }

  private mutating func pushMark() throws(GPUMergeError) {
    guard stack.count + marks.count < limits.stackCount else {
      throw failure(.pickleStack, "more than \(limits.stackCount) objects are unfinished")
    }
    marks.append(stack.count)
  }

  /// Throws unless `count` objects can be taken from the stack.
  private func require(_ count: Int) throws(GPUMergeError) {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw failure(.pickleStack, "an object is missing on the stack")
    }
  }

  private func top() throws(GPUMergeError) -> NodeID {
    try require(1)
    return stack[stack.count - 1]
  }

  private mutating func pop() throws(GPUMergeError) -> NodeID {
    try require(1)
    return stack.removeLast()
  }

  private mutating func popToMark() throws(GPUMergeError) -> [NodeID] {
    guard let height = marks.popLast() else {
      throw failure(.pickleStack, "a mark is missing on the stack")
    }
    let items = Array(stack[height...])
    stack.removeSubrange(height...)
    return items
  }

  /// The string on top of the stack, which is the name of the tensor about to be described.
  private var pendingName: String? {
    stack.last.flatMap { arena.string($0) }
  }

  private mutating func append(_ items: [NodeID]) throws(GPUMergeError) {
    guard case .list(let index) = arena[try top()] else {
      throw failure(.pickleStack, "something is appended to \(arena[try top()].kindName)")
    }
    arena.lists[Int(index)].append(contentsOf: items)
  }

  private mutating func setItems(_ items: [NodeID]) throws(GPUMergeError) {
    guard case .dictionary(let index) = arena[try top()], items.count % 2 == 0 else {
      throw failure(.pickleStack, "keys and values are put into \(arena[try top()].kindName)")
    }
    for position in stride(from: 0, to: items.count, by: 2) {
      arena.dictionaries[Int(index)].entries.append((items[position], items[position + 1]))
    }
  }

  private mutating func addItems(_ items: [NodeID]) throws(GPUMergeError) {
    guard case .opaque = arena[try top()] else {
      throw failure(.pickleStack, "something is added to \(arena[try top()].kindName)")
    }
  }

  private mutating func pushGlobal(_ opcode: PickleOpcode) throws(GPUMergeError) {
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
    try push(arena.add(.global(try global(module, name, for: pendingName))))
  }
}
