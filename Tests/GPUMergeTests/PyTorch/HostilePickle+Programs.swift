import GPUMerge

// Pickles that would run something, or break the machine that reads them.
extension HostilePickle {
  /// If any of these ran, the file would exist.
  static let markerPath = "/tmp/gpumerge-hostile-pickle-marker"

  private typealias P = TestPickle

  private static let touch = P.string("touch \(markerPath)")
  private static let good = P.stateDict(P.tensor())

  private static func stackGlobal(_ module: String, _ name: String) -> [UInt8] {
    P.string(module) + P.string(name) + [0x93]
  }

  static let programs: [HostilePickle] =
    [
      ("posix", "system"), ("os", "system"), ("subprocess", "call"), ("builtins", "eval"),
      ("builtins", "exec"), ("__builtin__", "eval"), ("builtins", "open"), ("io", "open"),
      ("builtins", "getattr"), ("builtins", "map"),
      ("pickle", "loads"), ("functools", "partial"), ("operator", "methodcaller"),
      ("torch", "load"), ("torch._utils", "_rebuild_tensor_v2.__globals__"),
      ("evil", "FloatStorage"), ("torch", "FooStorage"), ("torch.cuda", "FloatStorage"),
      ("collections", "OrderedDict.fromkeys"), ("torch.storage", "_load_from_bytes"),
      ("numpy.core.multiarray", "_reconstruct"), ("argparse", "Namespace"), ("__main__", "Model"),
    ].map { module, name in
      HostilePickle(
        "calls \(module).\(name)", .pickleGlobal, object: P.call(module, name, touch))
    } + [
      HostilePickle(
        "payload then POP and a good dict", .pickleGlobal,
        object: P.call("posix", "system", touch) + [0x30] + good),
      HostilePickle(
        "payload then a broken stream", .pickleGlobal,
        pickle: [0x80, 2] + P.call("posix", "system", touch) + [0xFF]),
      HostilePickle("POP", .pickleOpcode, object: P.none + [0x30] + good),
      HostilePickle("DUP", .pickleOpcode, object: good + [0x32]),
      HostilePickle(
        "INST", .pickleOpcode,
        object: P.mark + touch + Array("iposix\nsystem\n".utf8)),
      HostilePickle(
        "OBJ", .pickleGlobal,
        object: P.mark + P.global("posix", "system") + touch + [0x6F]),
      HostilePickle(
        "OBJ of an allowed class", .pickleOpcode,
        object: P.mark + P.global("collections", "OrderedDict") + [0x6F]),
      HostilePickle(
        "NEWOBJ", .pickleGlobal,
        object: P.global("subprocess", "Popen") + P.tuple(touch) + [0x81]),
      HostilePickle(
        "NEWOBJ of a function", .pickleStack,
        object: P.global("torch._utils", "_rebuild_parameter") + P.emptyTuple + [0x81]),
      HostilePickle(
        "STACK_GLOBAL", .pickleGlobal,
        object: stackGlobal("posix", "system") + P.tuple(touch) + P.reduce),
      HostilePickle(
        "STACK_GLOBAL via memo", .pickleGlobal,
        object: P.string("posix") + [0x71, 0] + P.string("system") + [0x71, 1]
          + P.tuple([0x68, 0], [0x68, 1]) + [0x68, 0, 0x68, 1, 0x93] + P.tuple(touch) + P.reduce),
      HostilePickle("STACK_GLOBAL of numbers", .pickleGlobal, object: P.int(1) + P.int(2) + [0x93]),
      HostilePickle("EXT1", .pickleOpcode, object: [0x82, 1]),
      HostilePickle("EXT2", .pickleOpcode, object: [0x83, 1, 0]),
      HostilePickle("EXT4", .pickleOpcode, object: [0x84, 1, 0, 0, 0]),
      HostilePickle(
        "NEWOBJ_EX of an allowed class", .pickleOpcode,
        object: P.global("collections", "OrderedDict") + P.emptyTuple + P.emptyDict + [0x92]),
      HostilePickle("NEXT_BUFFER", .pickleOpcode, object: [0x97]),
      HostilePickle("text PERSID", .pickleOpcode, object: Array("P0\n".utf8)),
      HostilePickle(
        "payload in a persistent id", .pickleGlobal,
        object: P.tuple(P.string("storage"), P.call("posix", "system", touch)) + P.persistentID),
      HostilePickle(
        "persistent id of a module", .persistentID,
        object: P.tuple(P.string("module"), P.none, P.string("x"), P.string("y")) + P.persistentID),
      HostilePickle(
        "persistent id of a part of a storage", .persistentID,
        tensor: P.tensor(storage: TestLegacy.storageID())),
      HostilePickle(
        "persistent id that is a string", .persistentID,
        object: P.string("storage") + P.persistentID),
      HostilePickle(
        "persistent id with a number for a key", .persistentID,
        tensor: P.tensor(storage: P.storage(key: P.int(0)))),
      HostilePickle(
        "persistent id with a name for a class", .persistentID,
        tensor: P.tensor(storage: P.storage(P.string("FloatStorage")))),
      HostilePickle(
        "hooks that are a dict with entries", .pickleStack,
        tensor: P.tensor(hooks: P.dict((P.int(1), P.string("hook"))))),
      HostilePickle(
        "payload in hooks", .pickleGlobal,
        tensor: P.tensor(hooks: P.call("posix", "system", touch))),
      HostilePickle(
        "payload in the state of a BUILD", .pickleGlobal,
        object: P.orderedDict + P.call("posix", "system", touch) + P.build),
      HostilePickle(
        "BUILD of __class__", .pickleStack,
        object: P.orderedDict + P.dict((P.string("__class__"), P.none)) + P.build),
      HostilePickle(
        "BUILD that replaces items", .pickleStack,
        object: P.orderedDict + P.dict((P.string("items"), P.string("x"))) + P.build),
      HostilePickle(
        "BUILD with a list", .pickleStack,
        object: P.orderedDict + P.emptyList + P.build),
      HostilePickle(
        "BUILD of a tensor", .pickleStack,
        tensor: P.tensor() + P.dict((P.string("_metadata"), P.none)) + P.build),
      HostilePickle(
        "whole module", .pickleGlobal,
        object: P.global("torch.nn.modules.linear", "Linear") + P.emptyTuple + [0x81]
          + P.dict((P.string("weight"), P.tensor())) + P.build),
      HostilePickle(
        "_rebuild_from_type_v2 of a payload", .pickleGlobal,
        object: P.call(
          "torch._tensor", "_rebuild_from_type_v2", P.global("posix", "system"),
          P.global("torch", "Tensor"), P.tuple(touch), P.none)),
      HostilePickle(
        "_rebuild_from_type_v2 of another class", .pickleStack,
        object: P.call(
          "torch._tensor", "_rebuild_from_type_v2",
          P.global("torch._utils", "_rebuild_tensor_v2"), P.global("collections", "OrderedDict"),
          P.emptyTuple, P.none)),
    ]

  static let streams: [HostilePickle] = [
    HostilePickle("empty", .pickleTruncated, pickle: []),
    HostilePickle("protocol only", .pickleTruncated, pickle: [0x80, 2]),
    HostilePickle("no STOP", .pickleTruncated, pickle: [0x80, 2] + good),
    HostilePickle("protocol 255", .pickleOpcode, pickle: [0x80, 255] + good + [0x2E]),
    HostilePickle("protocol 0", .pickleOpcode, pickle: Array("(lp0\n.".utf8)),
    HostilePickle("two protocols", .pickleOpcode, object: [0x80, 2] + good),
    HostilePickle(
      "a second pickle after STOP", .trailingData, pickle: P.pickle(good) + P.pickle(good)),
    HostilePickle("a zero after STOP", .trailingData, pickle: P.pickle(good) + [0]),
    HostilePickle("two objects left", .pickleStack, object: good + good),
    HostilePickle("an open mark left", .pickleStack, pickle: [0x80, 2] + good + P.mark + [0x2E]),
    HostilePickle("nothing left", .pickleStack, object: []),
    HostilePickle("opcode 0xFF", .pickleOpcode, object: [0xFF]),
    HostilePickle(
      "random bytes", .pickleOpcode,
      pickle: [0xA7, 0x1C, 0xE4, 0x53, 0x09, 0xB8, 0x6D, 0xF2, 0x2E]),
    HostilePickle("text GET -1", .pickleOpcode, object: P.none + Array("g-1\n".utf8)),
    HostilePickle("text PUT -1", .pickleOpcode, object: P.none + Array("p-1\n".utf8)),
    HostilePickle(
      "frame longer than the pickle", .pickleTruncated,
      object: [0x95] + TestZip.field(1_000_000 as UInt64) + good),
    HostilePickle(
      "frame of 2^64 - 1", .pickleTruncated, object: [0x95] + TestZip.field(UInt64.max) + good),
    HostilePickle("string of 4 GiB", .pickleTruncated, object: [0x58] + TestZip.field(UInt32.max)),
    HostilePickle(
      "string of 2^63 bytes", .pickleTruncated, object: [0x8D] + TestZip.field(UInt64(1) << 63)),
    HostilePickle(
      "bytes of 2^64 - 1", .pickleTruncated, object: [0x8E] + TestZip.field(UInt64.max)),
    HostilePickle("LONG4", .pickleOpcode, object: [0x8B, 0xFF, 0xFF, 0xFF, 0x7F]),
    HostilePickle(
      "LONG1 of 255 bytes", .overflow, object: [0x8A, 255] + Array(repeating: 1, count: 255)),
    HostilePickle(
      "text LONG of 100,000 digits", .pickleOpcode,
      object: Array("L".utf8) + Array(repeating: UInt8(ascii: "9"), count: 100_000)
        + Array("L\n".utf8)),
    HostilePickle(
      "text INT of 100 digits", .overflow,
      object: Array("I".utf8) + Array(repeating: UInt8(ascii: "9"), count: 100) + Array("\n".utf8)),
    HostilePickle("text INT that is no number", .overflow, object: Array("I0x10\n".utf8)),
    HostilePickle(
      "GLOBAL of 1 MB", .pickleOpcode,
      object: Array("c".utf8) + Array(repeating: UInt8(ascii: "a"), count: 1 << 20)
        + Array("\nb\n".utf8)),
    HostilePickle("GLOBAL without a newline", .pickleTruncated, object: Array("cposix".utf8)),
    HostilePickle(
      "GLOBAL that is not ASCII", .pickleOpcode, object: Array("cposíx\nsystem\n".utf8)),
    HostilePickle("GLOBAL with NUL", .pickleOpcode, object: Array("ctorch\0\nSize\n".utf8)),
    HostilePickle(
      "name that is not UTF-8", .pickleOpcode,
      object: P.dict((P.string([0xFF, 0xFE]), P.tensor()))),
    HostilePickle(
      "name with a lone surrogate", .pickleOpcode,
      object: P.dict((P.string([0xED, 0xA0, 0x80]), P.tensor()))),
  ]
}
