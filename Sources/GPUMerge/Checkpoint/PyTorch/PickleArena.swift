/// All objects of a pickle.
struct PickleArena {
  /// The pickle, which strings refer to.
  var bytes: [UInt8]
  /// The zip member that the pickle is, for messages.
  let member: String?
  private(set) var nodes: [PickleNode] = [.none, .bool(true), .bool(false), .tuple(.empty)]
  private(set) var elements: [NodeID] = []
  private(set) var lists: [[NodeID]] = []
  var dictionaries: [PickleDictionary] = []
  private(set) var storages: [PickleStorage] = []
  var tensors: [PickleTensor] = []
  /// The classes and functions that are not on the list, in the order they came.
  private(set) var unknownNames: [String] = []
  private var unknownIndices: [String: UInt32] = [:]
  /// About the memory of all objects, with what `PickleGraph` notes about them.
  private var objectByteCount = 0

  static let none: NodeID = 0
  static let `true`: NodeID = 1
  static let `false`: NodeID = 2
  static let emptyTuple: NodeID = 3

  init(bytes: [UInt8], member: String?) {
    self.bytes = bytes
    self.member = member
  }

  subscript(id: NodeID) -> PickleNode { nodes[Int(id)] }

  /// About the memory of all this.
  ///
  /// A compressed pickle of a few kilobytes could describe objects of many gigabytes.
  var byteCount: Int { bytes.count + objectByteCount }

  mutating func add(_ node: PickleNode) -> NodeID {
    objectByteCount += 32
    nodes.append(node)
    return NodeID(nodes.count - 1)
  }

  mutating func addTuple(_ items: some Collection<NodeID>) -> NodeID {
    guard !items.isEmpty else { return Self.emptyTuple }
    let slice = PickleSlice(start: UInt32(elements.count), count: UInt32(items.count))
    elements.append(contentsOf: items)
    objectByteCount += 8 * items.count
    return add(.tuple(slice))
  }

  mutating func addList() -> NodeID {
    lists.append([])
    objectByteCount += 40
    return add(.list(UInt32(lists.count - 1)))
  }

  mutating func append(_ items: [NodeID], toList index: UInt32) {
    lists[Int(index)].append(contentsOf: items)
    objectByteCount += 8 * items.count
  }

  mutating func add(_ dictionary: PickleDictionary) -> NodeID {
    objectByteCount += 64 + Self.entryByteCount * dictionary.entries.count
    dictionaries.append(dictionary)
    return add(.dictionary(UInt32(dictionaries.count - 1)))
  }

  /// Adds keys and values, in turn, to a dict.
  mutating func append(_ items: [NodeID], toDictionary index: UInt32) {
    for position in stride(from: 0, to: items.count, by: 2) {
      dictionaries[Int(index)].entries.append((items[position], items[position + 1]))
    }
    objectByteCount += Self.entryByteCount * (items.count / 2)
  }

  /// Most of it to find keys that come twice.
  private static let entryByteCount = 96

  mutating func add(_ storage: PickleStorage) -> NodeID {
    storages.append(storage)
    objectByteCount += 64
    return add(.storage(UInt32(storages.count - 1)))
  }

  mutating func add(_ tensor: PickleTensor) -> NodeID {
    tensors.append(tensor)
    objectByteCount += 128 + 16 * tensor.shape.count
    return add(.tensor(UInt32(tensors.count - 1)))
  }

  mutating func addUnknown(_ name: String) -> NodeID {
    let index = unknownIndices[name] ?? UInt32(unknownNames.count)
    if Int(index) == unknownNames.count {
      unknownNames.append(name)
      unknownIndices[name] = index
      objectByteCount += 256 + 2 * name.utf8.count
    }
    return add(.unknown(index))
  }

  /// What to call an object in a message.
  func kindName(_ id: NodeID) -> String {
    guard case .unknown(let index) = self[id] else { return self[id].kindName }
    return "an object of '\(escaped(unknownNames[Int(index)]))'"
  }

  /// The elements of a tuple, or nil if it is something else.
  func tuple(_ id: NodeID) -> ArraySlice<NodeID>? {
    guard case .tuple(let slice) = self[id] else { return nil }
    return elements[slice.range]
  }

  /// The elements of a tuple that has at most `count` of them, or nil.
  func tuple(_ id: NodeID, atMost count: Int) -> [NodeID]? {
    guard let items = tuple(id), items.count <= count else { return nil }
    return Array(items)
  }

  /// The elements of a list or tuple, or nil if it is something else.
  func sequence(_ id: NodeID) -> ArraySlice<NodeID>? {
    guard case .list(let index) = self[id] else { return tuple(id) }
    return lists[Int(index)][...]
  }

  /// The dict itself, or nil if it is something else.
  func dictionary(_ id: NodeID) -> PickleDictionary? {
    guard case .dictionary(let index) = self[id] else { return nil }
    return dictionaries[Int(index)]
  }

  /// The int itself, or nil if it is something else; a bool is no int here.
  func int(_ id: NodeID) -> Int? {
    guard case .int(let value) = self[id] else { return nil }
    return value
  }

  /// The UTF-8 of a string, or nil if it is something else.
  func utf8(_ id: NodeID) -> ArraySlice<UInt8>? {
    guard case .string(let slice) = self[id] else { return nil }
    return bytes[slice.range]
  }

  /// A string, or nil if it is something else.
  func string(_ id: NodeID) -> String? {
    utf8(id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The value of a key that is a string, or nil.
  func value(of key: some StringProtocol, in dictionary: PickleDictionary) -> NodeID? {
    dictionary.entries.first { utf8($0.key)?.elementsEqual(key.utf8) == true }?.value
  }
}

extension PickleSlice {
  static let empty = PickleSlice(start: 0, count: 0)
}
