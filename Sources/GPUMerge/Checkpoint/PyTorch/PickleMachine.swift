/// Reads a pickle without executing anything.
///
/// A pickle is a program that can name and call any function. This machine has no call: where one
/// is written, it compares the function with a short list and describes the result it would have.
struct PickleMachine {
  var arena: PickleArena
  let limits: Limits
  /// Whether objects of unknown classes are passed over instead of refused.
  let allowsOpaqueObjects: Bool
  /// Where the pickle is read from while it is interpreted; nil if it was read whole.
  let stream: PickleStream?
  /// The bytes that the pickle takes in the file; nil if it is not compressed.
  private let storedByteCount: Int?
  /// Where the next opcode or argument is.
  var position = 0
  /// Where the opcode being executed is.
  var opcodeOffset = 0
  private var opcodeCount = 0
  private var copyCount = 0
  var stack: [NodeID] = []
  /// The heights of `stack` at the marks; objects below the last mark are out of reach.
  var marks: [UInt32] = []
  private var memo = PickleMemo()

  /// A machine for the pickle that is the zip member of this name.
  init(_ bytes: [UInt8], member: String, storedByteCount: Int, options: ReadingOptions) {
    self.storedByteCount = storedByteCount
    arena = PickleArena(bytes: bytes, member: member)
    limits = options.limits
    allowsOpaqueObjects = options.allowsOpaqueObjects
    stream = nil
  }

  /// A machine for a pickle inside a file.
  init(_ stream: PickleStream, options: ReadingOptions) {
    storedByteCount = nil
    arena = PickleArena(bytes: [], member: nil)
    limits = options.limits
    allowsOpaqueObjects = options.allowsOpaqueObjects
    self.stream = stream
  }

  /// Reads the whole pickle and returns the object it describes, which is safe to walk through.
  mutating func run() throws(GPUMergeError) -> NodeID {
    let top = try interpret()
    try PickleGraph.check(arena, from: top, limits: limits)
    return top
  }

  private mutating func interpret() throws(GPUMergeError) -> NodeID {
    guard (stream?.limit ?? arena.bytes.count) < Int32.max else {
      throw failure(.pickleOpcode, "it has more than 2 GiB")
    }
    try start()
    while true {
      opcodeOffset = position
      let code = try byte()
      guard let opcode = PickleOpcode(rawValue: code) else { throw notAllowed(code) }
      opcodeCount += 1
      guard opcodeCount <= limits.opcodeCount else {
        throw failure(.pickleOpcode, "it has more than \(limits.opcodeCount) opcodes")
      }
      if opcode == .stop { return try finish() }
      try execute(opcode)
      guard arena.byteCount <= limits.pickleMemoryByteCount + 8 * (storedByteCount ?? position)
      else {
        throw failure(
          .pickleDepth, "the pickle unfolds to more objects than a file of its size has")
      }
    }
  }

  private mutating func start() throws(GPUMergeError) {
    guard try byte() == PickleOpcode.protocol.rawValue else {
      throw failure(.pickleOpcode, "it does not start with its protocol version")
    }
    let version = try byte()
    guard (2...5).contains(version) else {
      throw failure(.pickleOpcode, "its protocol is \(version), not one from 2 to 5")
    }
  }

  private mutating func finish() throws(GPUMergeError) -> NodeID {
    let root = try pop()
    guard stack.isEmpty, marks.isEmpty else {
      throw failure(.pickleStack, "it ends with objects left over")
    }
    guard stream != nil || position == arena.bytes.count else {
      throw failure(.trailingData, "there are bytes after its end", at: position)
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
    case .frozenSet:
      _ = try popToMark()
      try push(arena.add(.opaque))
    case .global, .stackGlobal: try pushGlobal(opcode)
    case .persistentID: try push(storage(try pop()))
    case .reduce, .new:
      let arguments = try pop()
      try push(result(of: try pop(), arguments, isNew: opcode == .new))
    case .object, .newWithKeywords: try pushObject(opcode)
    case .build:
      let state = try pop()
      try build(try top(), state)
    case .get, .longGet, .put, .longPut, .memoize: try remember(opcode)
    case .frame: try checkFrame()
    case .protocol, .stop: throw failure(.pickleOpcode, "it starts a second time")
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

  /// Counts objects that are copied from one container into another.
  ///
  /// PyTorch's pickles copy each at most once; without a limit, a short pickle could copy a long
  /// list again and again.
  mutating func countCopies(_ count: Int) throws(GPUMergeError) {
    copyCount += count
    guard copyCount <= opcodeCount else {
      throw failure(.pickleDepth, "the same list is made into a dict again and again")
    }
  }

  private mutating func checkFrame() throws(GPUMergeError) {
    let count = try unsigned(UInt64.self)
    guard count <= byteCount - position else {
      throw failure(.pickleTruncated, "a frame in it is longer than itself")
    }
  }

  /// The bytes of the pickle, or of all that it may be.
  var byteCount: Int { stream?.byteCount ?? arena.bytes.count }

  /// Reads on in the file until the next `count` bytes are there, if it has as many.
  mutating func fill(_ count: Int) throws(GPUMergeError) {
    guard count > arena.bytes.count - position, let stream, count <= stream.byteCount - position
    else { return }
    try stream.extend(&arena.bytes, to: position + count)
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

  func failure(
    _ kind: GPUMergeError.Kind, _ problem: String, at offset: Int? = nil, advice: String? = nil
  ) -> GPUMergeError {
    GPUMergeError(
      kind, advice == nil ? Self.notPyTorchs(problem) : problem, subject: arena.member,
      offset: (stream?.start ?? 0) + (offset ?? opcodeOffset), advice: advice)
  }

  /// Says what a pickle is to those who have never seen one.
  static func notPyTorchs(_ problem: String) -> String {
    "the pickle, which describes the tensors, is not as PyTorch writes it: \(problem)"
  }

  func notAllowed(_ opcode: UInt8) -> GPUMergeError {
    failure(.pickleOpcode, "it has the opcode 0x\(String(opcode, radix: 16))")
  }
}
