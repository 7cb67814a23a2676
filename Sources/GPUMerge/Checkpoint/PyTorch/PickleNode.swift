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
  /// A byte string, or text of Python 2 that is not UTF-8; never looked into.
  case bytes
  /// A set, complex number or device: allowed, and never looked into.
  case opaque
  /// A class or function that is not on the list, or whatever came of it: nothing is kept but its
  /// name, an index of `PickleArena.unknownNames`.
  case unknown(UInt32)

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
    case .bytes: "a byte string"
    case .opaque: "another object"
    case .unknown: "an object of an unknown class"
    }
  }
}

/// A run of bytes or elements.
///
/// Half the size of a range, because there can be millions of them.
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
  /// The part of it that tensors lie in, if not the whole.
  var view: PickleView?

  /// The bytes of the whole storage, or nil if that is an impossible number.
  var byteCount: Int? {
    let width = (dtype?.bitWidth ?? 8) / 8
    let (byteCount, overflow) = elementCount.multipliedReportingOverflow(by: width)
    return overflow ? nil : byteCount
  }
}

/// A part of a storage that is a storage itself, as PyTorch had them until 0.3.
struct PickleView {
  /// The same for all tensors that lie in it.
  var key: PickleSlice
  /// In elements of the whole storage.
  var range: Range<Int>
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
