import GPUMerge
import Testing

/// A pickle with one lie in it, in an otherwise good archive with a storage "0" of 16 bytes.
struct HostilePickle: Sendable, CustomTestStringConvertible {
  let name: String
  let kind: GPUMergeError.Kind
  let pickle: [UInt8]
  var storage = Array(repeating: UInt8(1), count: 16)

  var testDescription: String { name }

  /// The pickle describes this object.
  init(_ name: String, _ kind: GPUMergeError.Kind, object: [UInt8]) {
    self.init(name, kind, pickle: TestPickle.pickle(object))
  }

  /// The pickle describes a state dict of this tensor.
  init(_ name: String, _ kind: GPUMergeError.Kind, tensor: [UInt8], storage: Int = 16) {
    self.init(name, kind, object: TestPickle.stateDict(tensor))
    self.storage = Array(repeating: 1, count: storage)
  }

  init(_ name: String, _ kind: GPUMergeError.Kind, pickle: [UInt8]) {
    self.name = name
    self.kind = kind
    self.pickle = pickle
  }

  /// The archive.
  func bytes() -> [UInt8] { TestZip.checkpoint(pickle, storages: [("0", storage)]).bytes() }

  func open() throws -> Checkpoint { try TorchFile.open(bytes()) }

  static let all = programs + streams + stacks + graphs + roots + tensors + storages
}
