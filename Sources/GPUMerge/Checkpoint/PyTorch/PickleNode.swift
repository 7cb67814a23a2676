/// The index of an object in a pickle's arena.
typealias NodeID = UInt32

/// One object of a pickle.
///
/// Objects refer to each other by index: a tree of Swift objects nested 500,000 deep would overflow
/// the stack when it is freed.
enum PickleNode {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  /// Valid UTF-8 in the pickle's bytes.
  case string(PickleSlice)
  /// Elements in `PickleArena.elements`; also `torch.Size`.
  case tuple(PickleSlice)
  /// An index of `PickleArena.lists`.
  case list(UInt32)
  /// An index of `PickleArena.dictionaries`.
  case dictionary(UInt32)
  case global(PickleGlobal)
  /// An index of `PickleArena.storages`.
  case storage(UInt32)
  /// An index of `PickleArena.tensors`.
  case tensor(UInt32)
  /// A set, complex number, device or byte string: allowed, and never looked into.
  case opaque

  /// What to call it in a message.
  var kindName: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .int: "an int"
    case .float: "a float"
    case .string: "a string"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dict"
    case .global: "a class or function"
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .opaque: "another object"
    }
  }
}

/// A run of bytes or elements. Half the size of a range, because there can be millions of them.
struct PickleSlice {
  var start: UInt32
  var count: UInt32

  var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// A dict, OrderedDict or Counter, in order of insertion.
struct PickleDictionary {
  var entries: [(key: NodeID, value: NodeID)] = []
  /// Whether it is an OrderedDict, which may get attributes.
  var isOrdered = false
  /// The value of the attribute `_metadata`, the only one allowed.
  var metadata: NodeID?
}

/// A storage as the pickle refers to it.
struct PickleStorage {
  /// The name of the member that holds it, below `data/`.
  var key: PickleSlice
  /// Its element type; nil if it is untyped, and counted in bytes.
  var dtype: DType?
  var elementCount: Int
}

/// A tensor as the pickle describes it; nothing but the types of the numbers is checked yet.
struct PickleTensor {
  var storage: UInt32
  var dtype: DType
  var elementOffset: Int
  var shape: [Int]
  var strides: [Int]
  /// Whether Python attributes were attached, which are not kept.
  var hasAttributes = false
}
