import GPUMerge

// Pickles that lie about a tensor or about the storage it lies in.
extension HostilePickle {
  private typealias P = TestPickle

  private static let large = 1 << 62

  static let tensors: [HostilePickle] = [
    HostilePickle("one element too many", .tensorBounds, tensor: P.tensor(size: P.ints([5]))),
    HostilePickle("offset past the end", .tensorBounds, tensor: P.tensor(offset: P.int(1))),
    HostilePickle("size 2^28", .tensorBounds, tensor: P.tensor(size: P.ints([1 << 28]))),
    HostilePickle("size 2^40", .tensorBounds, tensor: P.tensor(size: P.ints([1 << 40]))),
    HostilePickle(
      "size 2^64", .overflow,
      tensor: P.tensor(size: P.tuple([0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]))),
    HostilePickle("offset 2^62", .tensorBounds, tensor: P.tensor(offset: P.int(large))),
    HostilePickle("offset 2^63 - 1", .tensorBounds, tensor: P.tensor(offset: P.int(.max))),
    HostilePickle("negative offset", .tensorBounds, tensor: P.tensor(offset: P.int(-1))),
    HostilePickle("offset that is true", .tensorBounds, tensor: P.tensor(offset: P.yes)),
    HostilePickle(
      "empty at offset 2^40", .tensorBounds,
      tensor: P.tensor(offset: P.int(1 << 40), size: P.ints([0]))),
    HostilePickle(
      "product overflows", .overflow,
      tensor: P.tensor(size: P.ints([large, large, 1]), strides: P.ints([0, 0, 1]))),
    HostilePickle(
      "product wraps to 4", .overflow,
      tensor: P.tensor(size: P.ints([large + 1, 4]), strides: P.ints([0, 1]))),
    HostilePickle(
      "product overflows beside a zero", .overflow,
      tensor: P.tensor(size: P.ints([large, 4, 0]), strides: P.ints([0, 0, 1]))),
    HostilePickle(
      "distance overflows", .tensorBounds,
      tensor: P.tensor(size: P.ints([4, 4]), strides: P.ints([large, 1]))),
    HostilePickle(
      "sum of distances overflows", .tensorBounds,
      tensor: P.tensor(size: P.ints([2, 2, 2]), strides: P.ints([large, large, large]))),
    HostilePickle("negative size", .tensorBounds, tensor: P.tensor(size: P.ints([-4]))),
    HostilePickle(
      "size that is a float", .tensorBounds,
      tensor: P.tensor(size: P.tuple(P.float(4)))),
    HostilePickle(
      "size that is a string", .tensorBounds,
      tensor: P.tensor(size: P.tuple(P.string("4")))),
    HostilePickle("size that is true", .tensorBounds, tensor: P.tensor(size: P.tuple(P.yes))),
    HostilePickle("size that is a list", .tensorBounds, tensor: P.tensor(size: P.emptyList)),
    HostilePickle("negative stride", .tensorStride, tensor: P.tensor(strides: P.ints([-1]))),
    HostilePickle("stride 2^40", .tensorBounds, tensor: P.tensor(strides: P.ints([1 << 40]))),
    HostilePickle(
      "two strides for one size", .tensorStride,
      tensor: P.tensor(strides: P.ints([1, 1]))),
    HostilePickle(
      "100,000 dimensions", .tensorBounds,
      tensor: P.tensor(
        size: P.ints(Array(repeating: 1, count: 100_000)),
        strides: P.ints(Array(repeating: 1, count: 100_000)))),
    HostilePickle(
      "expanded to 4 TB", .tensorStride,
      tensor: P.tensor(size: P.ints([1 << 40]), strides: P.ints([0]))),
    HostilePickle(
      "lazy NEG bit", .layoutUnsupported,
      tensor: P.tensor(more: P.dict((P.string("neg"), P.yes)))),
    HostilePickle(
      "lazy conjugate", .layoutUnsupported,
      tensor: P.tensor(more: P.dict((P.string("conj"), P.yes)))),
    HostilePickle(
      "metadata that is a string", .pickleStack,
      tensor: P.tensor(more: P.string("conj"))),
    HostilePickle(
      "sparse", .layoutUnsupported,
      tensor: P.call("torch._utils", "_rebuild_sparse_tensor", P.none)),
    HostilePickle(
      "quantized", .layoutUnsupported,
      tensor: P.call("torch._utils", "_rebuild_qtensor", P.none)),
    HostilePickle(
      "quantized storage", .layoutUnsupported,
      tensor: P.tensor(storage: P.storage(P.global("torch", "QInt8Storage")))),
    HostilePickle(
      "nested", .layoutUnsupported,
      tensor: P.call("torch._utils", "_rebuild_nested_tensor", P.none)),
    HostilePickle(
      "meta", .layoutUnsupported,
      tensor: P.call("torch._utils", "_rebuild_meta_tensor_no_storage", P.none)),
    HostilePickle(
      "bits8", .layoutUnsupported,
      tensor: P.typedTensor("bits8", byteCount: 16, size: [16], strides: [1])),
    HostilePickle(
      "uint4", .layoutUnsupported,
      tensor: P.typedTensor("uint4", byteCount: 16, size: [16], strides: [1])),
    HostilePickle(
      "version 3 with a function for a type", .badDType,
      tensor: P.call(
        "torch._utils", "_rebuild_tensor_v3",
        P.storage(P.global("torch.storage", "UntypedStorage"), count: P.int(16)), P.int(0),
        P.ints([16]), P.ints([1]), P.no, P.orderedDict, P.global("torch", "Size"))),
    HostilePickle(
      "version 3 without a type", .pickleStack,
      tensor: P.call(
        "torch._utils", "_rebuild_tensor_v3", P.storage(), P.int(0), P.ints([4]), P.ints([1]),
        P.no, P.orderedDict)),
    HostilePickle(
      "version 3 with a typed storage", .badDType,
      tensor: P.call(
        "torch._utils", "_rebuild_tensor_v3", P.storage(), P.int(0), P.ints([4]), P.ints([1]),
        P.no, P.orderedDict, P.global("torch", "float32"))),
    HostilePickle(
      "version 2 with an untyped storage", .badDType,
      tensor: P.tensor(
        storage: P.storage(P.global("torch.storage", "UntypedStorage"), count: P.int(16)))),
    HostilePickle(
      "bytes taken for elements", .tensorBounds,
      tensor: P.typedTensor("uint32", byteCount: 16, size: [16], strides: [1])),
    HostilePickle(
      "15 bytes of 4-byte numbers", .storageSize,
      tensor: P.typedTensor("uint32", byteCount: 15, size: [3], strides: [1]), storage: 15),
    HostilePickle(
      "pairs that lie apart", .layoutUnsupported,
      tensor: P.typedTensor("float4_e2m1fn_x2", byteCount: 16, size: [8], strides: [2])),
    HostilePickle(
      "empty pairs with strides of 2^62", .tensorBounds,
      tensor: P.typedTensor(
        "float4_e2m1fn_x2", byteCount: 16, size: [0, 3, 1], strides: [1, large, 1])),
    HostilePickle("a number for a storage", .pickleStack, tensor: P.tensor(storage: P.int(0))),
  ]

  static let storages: [HostilePickle] = [
    HostilePickle(
      "no such storage", .storageMissing,
      tensor: P.tensor(storage: P.storage(key: P.string("1")))),
    HostilePickle(
      "storage key ../data.pkl", .storageMissing,
      tensor: P.tensor(storage: P.storage(key: P.string("../data.pkl")))),
    HostilePickle(
      "storage key /etc/passwd", .storageMissing,
      tensor: P.tensor(storage: P.storage(key: P.string("/etc/passwd")))),
    HostilePickle(
      "empty storage key", .storageMissing,
      tensor: P.tensor(storage: P.storage(key: P.string("")))),
    HostilePickle(
      "negative count", .storageSize,
      tensor: P.tensor(storage: P.storage(count: P.int(-1)))),
    HostilePickle(
      "count 2^60", .storageSize,
      tensor: P.tensor(storage: P.storage(count: P.int(1 << 60)))),
    HostilePickle(
      "count 2^62 wraps to 0 bytes", .storageSize,
      tensor: P.tensor(storage: P.storage(count: P.int(large)))),
    HostilePickle(
      "count that is a float", .persistentID,
      tensor: P.tensor(storage: P.storage(count: P.float(4)))),
    HostilePickle(
      "count that is true", .persistentID,
      tensor: P.tensor(storage: P.storage(count: P.yes))),
    HostilePickle("storage too short", .storageSize, tensor: P.tensor(), storage: 15),
    HostilePickle("storage too long", .storageSize, tensor: P.tensor(), storage: 17),
    HostilePickle("storage empty", .storageSize, tensor: P.tensor(), storage: 0),
    HostilePickle(
      "one key with two counts", .storageSize,
      object: P.dict(
        (P.string("a"), P.tensor()),
        (P.string("b"), P.tensor(storage: P.storage(count: P.int(2)), size: P.ints([2]))))),
    HostilePickle(
      "one key with two types", .storageSize,
      object: P.dict(
        (P.string("a"), P.tensor()),
        (P.string("b"), P.tensor(storage: P.storage(P.global("torch", "IntStorage")))))),
    HostilePickle(
      "unused storage of the wrong size", .storageSize,
      object: P.dict(
        (P.string("model"), P.stateDict(P.tensor())),
        (P.string("optimizer"), P.dict((P.int(0), P.tensor(storage: P.storage(count: P.int(3)))))))),
  ]
}
