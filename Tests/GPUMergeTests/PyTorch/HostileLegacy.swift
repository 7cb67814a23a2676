import GPUMerge
import Testing

/// A good checkpoint in PyTorch's format before 1.6 that is then made to lie.
struct HostileLegacy: Sendable, CustomTestStringConvertible {
  private typealias P = TestPickle

  let name: String
  let kind: GPUMergeError.Kind
  let bytes: [UInt8]

  var testDescription: String { name }

  init(_ name: String, _ kind: GPUMergeError.Kind, _ change: (inout TestLegacy) -> Void) {
    var file = TestLegacy()
    change(&file)
    self.name = name
    self.kind = kind
    bytes = file.bytes()
  }

  /// The object is a state dict of this tensor.
  private init(_ name: String, _ kind: GPUMergeError.Kind, tensor: [UInt8]) {
    self.init(name, kind) { $0.object = P.pickle(P.stateDict(tensor)) }
  }

  /// The tensor lies in a part of the storage.
  private init(_ name: String, _ kind: GPUMergeError.Kind, view: [UInt8], count: Int = 1) {
    self.init(name, kind, tensor: TestLegacy.tensor(TestLegacy.storageID(view: view), count: count))
  }

  private static let touch = P.call(
    "posix", "system", P.string("touch \(HostilePickle.markerPath)"))

  static let all = header + payloads + data + keys + views

  private static let header: [HostileLegacy] = [
    HostileLegacy("magic only", .pickleTruncated) {
      $0 = TestLegacy(version: [], system: [], object: [], keys: [], storages: [])
    },
    HostileLegacy("magic wrong", .zipStructure) { $0.magic[4] ^= 1 },
    HostileLegacy("protocol 1002", .unsupportedFormat) { $0.version = P.pickle(P.int(1002)) },
    HostileLegacy("protocol that is a string", .unsupportedFormat) {
      $0.version = P.pickle(P.string("1001"))
    },
    HostileLegacy("protocol 1002 in the description", .notACheckpoint) {
      $0.system = P.pickle(TestLegacy.system(version: P.int(1002)))
    },
    HostileLegacy("byte order that is an int", .notACheckpoint) {
      $0.system = P.pickle(TestLegacy.system(isLittleEndian: P.int(1)))
    },
    HostileLegacy("type_sizes: long of 16 bytes", .notACheckpoint) {
      $0.system = P.pickle(TestLegacy.system(sizes: TestLegacy.sizes(long: 16)))
    },
    HostileLegacy("type_sizes: short of 4 bytes", .notACheckpoint) {
      $0.system = P.pickle(TestLegacy.system(sizes: TestLegacy.sizes(short: 4, long: 8)))
    },
    HostileLegacy("type_sizes: int of 8 bytes", .notACheckpoint) {
      $0.system = P.pickle(TestLegacy.system(sizes: TestLegacy.sizes(int: 8, long: 8)))
    },
    HostileLegacy("type_sizes that are a list", .notACheckpoint) {
      $0.system = P.pickle(TestLegacy.system(sizes: P.emptyList))
    },
    HostileLegacy("type_sizes missing", .notACheckpoint) {
      $0.system = P.pickle(P.dict((P.string("protocol_version"), P.int(1001))))
    },
    HostileLegacy("description with a key twice", .duplicateKey) {
      let pair = (P.string("protocol_version"), P.int(1001))
      $0.system = P.pickle(P.dict(pair, pair))
    },
    HostileLegacy("description of 1 MB", .headerSize) {
      $0.system = P.pickle(P.string(String(repeating: "x", count: 1 << 20)))
    },
  ]

  private static let payloads: [HostileLegacy] = [
    HostileLegacy("payload for the protocol", .pickleGlobal) { $0.version = P.pickle(touch) },
    HostileLegacy("payload for the description", .pickleGlobal) { $0.system = P.pickle(touch) },
    HostileLegacy("payload for the object", .pickleGlobal) { $0.object = P.pickle(touch) },
    HostileLegacy("payload for the list of keys", .pickleGlobal) { $0.keys = P.pickle(touch) },
    HostileLegacy("payload in the list of keys", .pickleGlobal) {
      $0.keys = P.pickle(TestLegacy.list(P.string("0"), touch))
    },
    HostileLegacy(
      "payload in a persistent id", .pickleGlobal,
      tensor: TestLegacy.tensor(TestLegacy.storageID(view: touch))),
    HostileLegacy("module", .persistentID) {
      let source = P.string("class Model: pass")
      $0.object = P.pickle(
        P.tuple(P.string("module"), P.global("torch", "Tensor"), P.string("m.py"), source)
          + P.persistentID)
    },
    HostileLegacy("persistent id of today", .persistentID, tensor: P.tensor()),
    HostileLegacy("object of protocol 1", .pickleOpcode) { $0.object = Array("}.".utf8) },
  ]

  private static let data: [HostileLegacy] = [
    HostileLegacy("storage cut", .truncated) { $0.storages.removeLast() },
    HostileLegacy("storage without its bytes", .truncated) { $0.storages.removeLast(16) },
    HostileLegacy("count cut", .truncated) { $0.storages = [4, 0, 0] },
    HostileLegacy("no storages", .truncated) { $0.storages = [] },
    HostileLegacy("numel disagrees", .storageSize) {
      $0.storages = TestLegacy.storage(count: 3, Array(1...16))
    },
    HostileLegacy("numel negative", .storageSize) {
      $0.storages = TestLegacy.storage(count: -4, Array(1...16))
    },
    HostileLegacy("numel 2^60", .storageSize) {
      $0.storages = TestLegacy.storage(count: 1 << 60, Array(1...16))
    },
    HostileLegacy("numel 2^62 on both sides wraps to 0 bytes", .storageSize) {
      $0.object = P.pickle(
        P.stateDict(TestLegacy.tensor(TestLegacy.storageID(count: 1 << 62), count: 1)))
      $0.storages = TestLegacy.storage(count: 1 << 62, [])
    },
    HostileLegacy("8 GiB in 300 bytes", .truncated) {
      $0.object = P.pickle(
        P.stateDict(TestLegacy.tensor(TestLegacy.storageID(count: 2 << 30), count: 2 << 30)))
      $0.storages = TestLegacy.storage(count: 2 << 30, [])
    },
    HostileLegacy("one trailing byte", .trailingData) { $0.storages.append(0) },
    HostileLegacy("a second file appended", .trailingData) { $0.storages += TestLegacy().bytes() },
    HostileLegacy("one key with two types", .storageSize) {
      let ints = TestLegacy.storageID(P.global("torch", "IntStorage"))
      $0.object = P.pickle(
        P.dict(
          (P.string("a"), TestLegacy.tensor()), (P.string("b"), TestLegacy.tensor(ints))))
    },
  ]

  private static let keys: [HostileLegacy] = [
    HostileLegacy("key missing", .storageMissing) {
      $0.keys = P.pickle(P.emptyList)
      $0.storages = []
    },
    HostileLegacy("key extra", .storageMissing) {
      $0.keys = P.pickle(TestLegacy.list(P.string("0"), P.string("1")))
      $0.storages += TestLegacy.storage(count: 0, [])
    },
    HostileLegacy("key duplicate", .duplicateKey) {
      $0.keys = P.pickle(TestLegacy.list(P.string("0"), P.string("0")))
      $0.storages += $0.storages
    },
    HostileLegacy("keys not a list", .pickleStack) {
      $0.keys = P.pickle(P.tuple(P.string("0")))
    },
    HostileLegacy("keys None", .pickleStack) { $0.keys = P.pickle(P.none) },
    HostileLegacy("key that is an int", .pickleStack) {
      $0.keys = P.pickle(TestLegacy.list(P.int(0)))
    },
    HostileLegacy("keys that hold themselves", .pickleDepth) {
      $0.keys = P.pickle(P.emptyList + [0x71, 0, 0x68, 0] + P.append)
    },
  ]

  private static let views: [HostileLegacy] = [
    HostileLegacy("view beyond the storage", .storageSize, view: TestLegacy.view("1", 2, 3)),
    HostileLegacy("view at the end", .storageSize, view: TestLegacy.view("1", 5, 0)),
    HostileLegacy("view at a negative offset", .storageSize, view: TestLegacy.view("1", -1, 2)),
    HostileLegacy("view of negative size", .storageSize, view: TestLegacy.view("1", 1, -1)),
    HostileLegacy("view whose end overflows", .storageSize, view: TestLegacy.view("1", 1, .max)),
    HostileLegacy(
      "view of two items", .persistentID, view: P.tuple(P.string("1"), P.int(0))),
    HostileLegacy("view that is an int", .persistentID, view: P.int(0)),
    HostileLegacy(
      "view without a key", .persistentID, view: P.tuple(P.none, P.int(0), P.int(1))),
    HostileLegacy(
      "tensor in the storage but not in the view", .tensorBounds, view: TestLegacy.view("1", 1, 2),
      count: 3),
    HostileLegacy(
      "view with the key of its storage", .storageSize, view: TestLegacy.view("0", 1, 2)),
    HostileLegacy("one view in two places", .storageSize) {
      let views = [0, 2].map { TestLegacy.storageID(view: TestLegacy.view("1", $0, 2)) }
      $0.object = P.pickle(
        P.dict(
          (P.string("a"), TestLegacy.tensor(views[0], count: 2)),
          (P.string("b"), TestLegacy.tensor(views[1], count: 2))))
    },
    HostileLegacy("view of an untyped storage", .persistentID) {
      let storage = TestLegacy.storageID(
        P.global("torch.storage", "UntypedStorage"), count: 16, view: TestLegacy.view("1", 4, 4))
      $0.object = P.pickle(
        P.stateDict(
          P.call(
            "torch._utils", "_rebuild_tensor_v3", storage, P.int(0), P.ints([1]), P.ints([1]), P.no,
            P.orderedDict, P.global("torch", "uint32"))))
      $0.storages = TestLegacy.storage(count: 16, Array(1...16))
    },
  ]
}
