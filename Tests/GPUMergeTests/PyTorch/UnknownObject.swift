import GPUMerge
import Testing

/// An object of a class that is not on the list, or something made of one.
struct UnknownObject: Sendable, CustomTestStringConvertible {
  private typealias P = TestPickle

  let name: String
  let object: [UInt8]
  /// How it is refused as a tensor.
  var kind = GPUMergeError.Kind.notACheckpoint

  var testDescription: String { name }

  private init(_ name: String, _ object: [UInt8], _ kind: GPUMergeError.Kind = .notACheckpoint) {
    self.name = name
    self.object = object
    self.kind = kind
  }

  static let type = P.global("training", "Thing")
  static let made = type + P.emptyTuple + [0x81]

  private static let entry = (P.string("x"), P.int(1))

  /// What `Tensor.__reduce_ex__` writes for a subclass: the values may be anywhere.
  private static let subclass = P.call(
    "torch._tensor", "_rebuild_from_type_v2", P.global("torch._utils", "_rebuild_tensor_v2"), type,
    P.tuple(P.storage(), P.int(0), P.ints([4]), P.ints([1]), P.no, P.orderedDict), P.none)

  /// All ways in which such objects are pickled.
  static let pickled: [UnknownObject] = [
    UnknownObject("class", type), UnknownObject("NEWOBJ", made),
    UnknownObject("REDUCE", P.call("training", "make", P.int(1))),
    UnknownObject("OBJ", P.mark + type + P.int(1) + [0x6F]),
    UnknownObject("NEWOBJ_EX", type + P.emptyTuple + P.emptyDict + [0x92]),
    UnknownObject("BUILD", made + P.dict(entry) + P.build),
    UnknownObject("BUILD with tensors", made + P.stateDict(P.tensor()) + P.build),
    UnknownObject(
      "BUILD with itself", made + [0x71, 0] + P.dict((P.string("x"), [0x68, 0])) + P.build),
    UnknownObject("SETITEM", made + P.int(1) + P.int(2) + P.setItem),
    UnknownObject("SETITEMS", made + P.mark + P.int(1) + P.int(2) + [0x75]),
    UnknownObject("APPEND", made + P.int(1) + P.append),
    UnknownObject("APPENDS", made + P.mark + P.int(1) + [0x65]),
    UnknownObject("ADDITEMS", made + P.mark + P.int(1) + [0x90]),
    UnknownObject("STACK_GLOBAL", P.string("training") + P.string("Thing") + [0x93]),
    UnknownObject("tensor subclass", subclass),
  ]

  /// Objects on the list that hold such objects, and others that are never looked into.
  static let holders: [UnknownObject] = [
    UnknownObject("key of a dict", P.dict((made, P.int(1)))),
    UnknownObject("frozenset", P.mark + made + [0x91]),
    UnknownObject("set", [0x8F] + P.mark + made + [0x90]),
    UnknownObject(
      "OrderedDict of pairs",
      P.call(
        "collections", "OrderedDict", P.emptyList + P.tuple(P.string("x"), made) + P.append)),
    UnknownObject("bytes of Python 2", [0x55, 2, 0xFF, 0xFE]),
    UnknownObject("bytearray", [0x96, 1, 0, 0, 0, 0, 0, 0, 0, 7]),
  ]

  private static let function = P.call(
    "torch._tensor", "_rebuild_from_type_v2", type, P.global("torch", "Tensor"), P.emptyTuple,
    P.none)

  /// Lies about tensors in which such an object stands for any part.
  static let tensors: [UnknownObject] =
    pickled + [
      UnknownObject(
        "function of a storage",
        P.call("training", "_rebuild_tensor", P.storage(), P.int(0), P.ints([4]), P.ints([1]))),
      UnknownObject(
        "storage class", P.tensor(storage: P.storage(P.global("evil", "FloatStorage"))),
        .persistentID),
      UnknownObject("storage", P.tensor(storage: made), .pickleStack),
      UnknownObject("offset", P.tensor(offset: made), .tensorBounds),
      UnknownObject("size", P.tensor(size: made), .tensorBounds),
      UnknownObject("dimension", P.tensor(size: P.tuple(made)), .tensorBounds),
      UnknownObject("strides", P.tensor(strides: made), .tensorStride),
      UnknownObject("flag", P.tensor(gradient: made), .pickleStack),
      UnknownObject("hooks", P.tensor(hooks: made), .pickleStack),
      UnknownObject("metadata", P.tensor(more: made), .pickleStack),
      UnknownObject("function", function, .pickleStack),
      UnknownObject("parameter", P.call("torch.nn.parameter", "Parameter", made), .pickleStack),
    ]
}
