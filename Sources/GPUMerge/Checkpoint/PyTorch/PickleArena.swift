/// All objects of a pickle.
struct PickleArena {
  /// The pickle, which strings refer to.
  var bytes: [UInt8]
  /// The zip member that the pickle is, for messages.
  let member: String?
  private(set) var nodes: [PickleNode] = [.none, .bool(true), .bool(false), .tuple(.empty)]
  private(set) var elements: [NodeID] = []
  var lists: [[NodeID]] = []
  var dictionaries: [PickleDictionary] = []
  private(set) var storages: [PickleStorage] = []
  var tensors: [PickleTensor] = []
  /// The classes and functions that are not on the list, in the order they came.
  private(set) var unknownNames: [String] = []
  private var unknownIndices: [String: UInt32] = [:]

  static let none: NodeID = 0
  static let `true`: NodeID = 1
  static let `false`: NodeID = 2
  static let emptyTuple: NodeID = 3

  init(bytes: [UInt8], member: String?) {
    self.bytes = bytes
    self.member = member
  }

  subscript(id: NodeID) -> PickleNode { nodes[Int(id)] }

  mutating func add(_ node: PickleNode) -> NodeID {
    nodes.append(node)
    return NodeID(nodes.count - 1)
  }

  mutating func addTuple(_ items: some Collection<NodeID>) -> NodeID {
    guard !items.isEmpty else { return Self.emptyTuple }
    let slice = PickleSlice(start: UInt32(elements.count), count: UInt32(items.count))
    elements.append(contentsOf: items)
    return add(.tuple(slice))
  }

  mutating func addList() -> NodeID {
    lists.append([])
    return add(.list(UInt32(lists.count - 1)))
  }

  mutating func add(_ dictionary: PickleDictionary) -> NodeID {
    dictionaries.append(dictionary)
    return add(.dictionary(UInt32(dictionaries.count - 1)))
  }

  mutating func add(_ storage: PickleStorage) -> NodeID {
    storages.append(storage)
    return add(.storage(UInt32(storages.count - 1)))
  }

  mutating func add(_ tensor: PickleTensor) -> NodeID {
    tensors.append(tensor)
    return add(.tensor(UInt32(tensors.count - 1)))
  }

  mutating func addUnknown(_ name: String) -> NodeID {
    let index = unknownIndices[name] ?? UInt32(unknownNames.count)
    if Int(index) == unknownNames.count {
      unknownNames.append(name)
      unknownIndices[name] = index
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
