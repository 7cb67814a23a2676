/// Pieces of pickles, to put together by hand.
enum TestPickle {
  static let mark: [UInt8] = [0x28]
  static let tuple: [UInt8] = [0x74]
  static let reduce: [UInt8] = [0x52]
  static let none: [UInt8] = [0x4E]
  static let emptyTuple: [UInt8] = [0x29]
  static let emptyList: [UInt8] = [0x5D]
  static let emptyDict: [UInt8] = [0x7D]
  static let setItem: [UInt8] = [0x73]
  static let append: [UInt8] = [0x61]
  static let build: [UInt8] = [0x62]
  static let persistentID: [UInt8] = [0x51]
  static let yes: [UInt8] = [0x88]
  static let no: [UInt8] = [0x89]

  static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

  static func string(_ utf8: [UInt8]) -> [UInt8] {
    [0x58] + TestZip.field(UInt32(utf8.count)) + utf8
  }

  static func int(_ value: Int) -> [UInt8] { [0x8A, 8] + TestZip.field(value) }

  static func float(_ value: Double) -> [UInt8] {
    [0x47] + TestZip.field(value.bitPattern.byteSwapped)
  }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    Array("c\(module)\n\(name)\n".utf8)
  }

  static func tuple(_ items: [UInt8]...) -> [UInt8] { mark + items.joined() + tuple }

  static func ints(_ values: [Int]) -> [UInt8] { mark + values.flatMap(int) + tuple }

  static func call(_ module: String, _ name: String, _ arguments: [UInt8]...) -> [UInt8] {
    global(module, name) + mark + arguments.joined() + tuple + reduce
  }

  static func dict(_ entries: ([UInt8], [UInt8])...) -> [UInt8] {
    emptyDict + mark + entries.flatMap { $0.0 + $0.1 } + [0x75]
  }

  static let orderedDict = call("collections", "OrderedDict")

  /// A whole pickle that describes this object.
  static func pickle(_ object: [UInt8]) -> [UInt8] { [0x80, 2] + object + [0x2E] }

  /// The persistent id of a storage.
  static func storage(
    _ type: [UInt8] = global("torch", "FloatStorage"), key: [UInt8] = string("0"),
    count: [UInt8] = int(4)
  ) -> [UInt8] {
    tuple(string("storage"), type, key, string("cpu"), count) + persistentID
  }

  /// A tensor of the four numbers of the storage "0", with anything exchanged for a lie.
  static func tensor(
    storage: [UInt8] = storage(), offset: [UInt8] = int(0), size: [UInt8] = ints([4]),
    strides: [UInt8] = ints([1]), gradient: [UInt8] = no, hooks: [UInt8] = orderedDict,
    more: [UInt8] = []
  ) -> [UInt8] {
    call(
      "torch._utils", "_rebuild_tensor_v2", storage, offset, size, strides, gradient, hooks, more)
  }

  /// A tensor of version 3, whose type is given beside an untyped storage.
  static func typedTensor(_ dtype: String, byteCount: Int, size: [Int], strides: [Int]) -> [UInt8] {
    call(
      "torch._utils", "_rebuild_tensor_v3",
      storage(global("torch.storage", "UntypedStorage"), count: int(byteCount)), int(0), ints(size),
      ints(strides), no, orderedDict, global("torch", dtype))
  }

  /// A state dict of one tensor.
  static func stateDict(_ tensor: [UInt8]) -> [UInt8] { dict((string("w"), tensor)) }
}
