import GPUMerge

// Pickles whose objects do not fit together.
extension HostilePickle {
  private typealias P = TestPickle

  private static let good = P.stateDict(P.tensor())

  private static func nested(_ opcodes: [UInt8], _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count { bytes += opcodes }
    return bytes
  }

  static let stacks: [HostilePickle] =
    [
      ("TUPLE1", 0x85), ("TUPLE2", 0x86), ("TUPLE3", 0x87), ("TUPLE", 0x74), ("APPEND", 0x61),
      ("APPENDS", 0x65), ("SETITEM", 0x73), ("SETITEMS", 0x75), ("ADDITEMS", 0x90),
      ("REDUCE", 0x52),
      ("NEWOBJ", 0x81), ("BUILD", 0x62), ("BINPERSID", 0x51), ("MEMOIZE", 0x94),
      ("STACK_GLOBAL", 0x93),
    ].map { name, opcode in
      HostilePickle("\(name) on an empty stack", .pickleStack, pickle: [0x80, 4, opcode, 0x2E])
    } + [
      HostilePickle("BINPUT on an empty stack", .pickleStack, object: [0x71, 0]),
      HostilePickle("TUPLE2 below a mark", .pickleStack, object: P.none + P.none + P.mark + [0x86]),
      HostilePickle(
        "SETITEMS with an odd number", .pickleStack,
        object: P.emptyDict + P.mark + P.string("w") + [0x75]),
      HostilePickle(
        "SETITEM on a tensor", .pickleStack,
        object: P.tensor() + P.int(0) + P.int(1) + P.setItem),
      HostilePickle(
        "SETITEM on a list", .pickleStack,
        object: P.emptyList + P.int(0) + P.int(1) + P.setItem),
      HostilePickle("APPEND on a dict", .pickleStack, object: P.emptyDict + P.int(0) + P.append),
      HostilePickle("APPEND on a tuple", .pickleStack, object: P.emptyTuple + P.int(0) + P.append),
      HostilePickle(
        "REDUCE of a string", .pickleStack,
        object: P.string("posix.system") + P.emptyTuple + P.reduce),
      HostilePickle(
        "REDUCE with a list", .pickleStack,
        object: P.global("collections", "OrderedDict") + P.emptyList + P.reduce),
      HostilePickle(
        "REDUCE of a storage class", .pickleStack,
        object: P.call("torch", "FloatStorage", P.int(1 << 40))),
      HostilePickle(
        "OrderedDict of numbers", .pickleStack,
        object: P.call("collections", "OrderedDict", P.int(4))),
      HostilePickle(
        "OrderedDict of triples", .pickleStack,
        object: P.call("collections", "OrderedDict", P.tuple(P.tuple(P.none, P.none, P.none)))),
      HostilePickle("memo never set", .pickleMemo, object: [0x68, 7]),
      HostilePickle(
        "memo index 2^32 - 1", .pickleMemo, object: P.none + [0x72, 255, 255, 255, 255]),
      HostilePickle("memo read at 2^32 - 1", .pickleMemo, object: [0x6A, 255, 255, 255, 255]),
      HostilePickle(
        "rebuild without arguments", .pickleStack,
        tensor: P.call("torch._utils", "_rebuild_tensor_v2")),
      HostilePickle(
        "rebuild with 12 arguments", .pickleStack,
        tensor: P.call("torch._utils", "_rebuild_tensor_v2", nested(P.none, 12))),
      HostilePickle(
        "parameter of a string", .pickleStack,
        tensor: P.call("torch._utils", "_rebuild_parameter", P.string("x"), P.yes, P.orderedDict)),
    ]

  static let graphs: [HostilePickle] = [
    HostilePickle("500,000 nested tuples", .pickleDepth, object: P.none + nested([0x85], 500_000)),
    HostilePickle(
      "100,000 nested lists", .pickleDepth,
      object: nested(P.emptyList, 100_000) + nested(P.append, 99_999)),
    HostilePickle(
      "100,000 nested dicts", .pickleDepth,
      object: nested(P.emptyDict + P.none, 100_000) + P.none + nested(P.setItem, 100_000)),
    HostilePickle("6,000,000 marks", .pickleStack, object: nested(P.mark, 6_000_000)),
    // Each tuple holds the one before it twice: 2^100 paths lead to the first.
    HostilePickle(
      "billion laughs", .pickleDepth,
      object: P.none + nested([0x71, 0, 0x68, 0, 0x86], 100)),
    // A tuple of what was before and a container that holds that twice: 3^40 paths.
    HostilePickle(
      "billion laughs of lists", .pickleDepth,
      object: P.none
        + nested([0x71, 0] + P.emptyList + P.mark + [0x68, 0, 0x68, 0, 0x65, 0x86], 40)),
    HostilePickle(
      "billion laughs of dicts", .pickleDepth,
      object: P.none
        + nested(
          [0x71, 0] + P.emptyDict + P.mark + [0x4B, 1, 0x68, 0, 0x4B, 2, 0x68, 0, 0x75, 0x86], 40)),
    HostilePickle(
      "list in itself", .pickleDepth,
      object: P.emptyList + [0x71, 0, 0x68, 0] + P.append),
    HostilePickle(
      "dict in itself", .pickleDepth,
      object: P.emptyDict + [0x71, 0] + P.string("x") + [0x68, 0] + P.setItem),
    HostilePickle(
      "_metadata that is its own dict", .pickleDepth,
      object: P.orderedDict + [0x71, 0] + P.dict((P.string("_metadata"), [0x68, 0])) + P.build),
    HostilePickle(
      "one list made into a dict again and again", .pickleDepth,
      object: P.emptyList + P.mark + nested(P.tuple(P.none, P.none), 1000) + [0x65] + [0x71, 0]
        + nested(P.call("collections", "OrderedDict", [0x68, 0]), 1000)),
    HostilePickle("list for a key", .pickleStack, object: P.dict((P.emptyList, P.tensor()))),
    HostilePickle("tensor for a key", .pickleStack, object: P.dict((P.tensor(), P.tensor()))),
    HostilePickle(
      "one key twice", .duplicateKey,
      object: P.dict((P.string("w"), P.tensor()), (P.string("w"), P.tensor()))),
    HostilePickle(
      "1 and True for keys", .duplicateKey,
      object: P.dict((P.int(1), P.none), (P.yes, P.none))),
  ]

  static let roots: [HostilePickle] = [
    HostilePickle("None", .notACheckpoint, object: P.none),
    HostilePickle(
      "a list of tensors", .notACheckpoint,
      object: P.emptyList + P.tensor() + P.append),
    HostilePickle("a tensor", .notACheckpoint, object: P.tensor()),
    HostilePickle("an empty dict", .notACheckpoint, object: P.emptyDict),
    HostilePickle("no tensors", .notACheckpoint, object: P.dict((P.string("a"), P.int(1)))),
    HostilePickle(
      "a string among tensors", .notACheckpoint,
      object: P.dict(
        (P.string("a"), P.tensor()), (P.string("b"), P.tensor()), (P.string("c"), P.string("x")))),
    HostilePickle(
      "a string among nested tensors", .notACheckpoint,
      object: P.dict(
        (P.string("model"), P.dict((P.string("a"), P.tensor()), (P.string("b"), P.string("x")))))),
    HostilePickle(
      "two candidates", .notACheckpoint,
      object: P.dict((P.string("params"), good), (P.string("params_ema"), good))),
    HostilePickle("a number for a name", .notACheckpoint, object: P.dict((P.int(1), P.tensor()))),
    HostilePickle(
      "DeepSpeed ZeRO-3 placeholders", .notACheckpoint,
      object: P.dict(
        (P.string("module"), P.stateDict(P.tensor(size: P.ints([0])))),
        (P.string("param_shapes"), P.emptyDict), (P.string("ds_version"), P.string("0.14")))),
  ]
}
