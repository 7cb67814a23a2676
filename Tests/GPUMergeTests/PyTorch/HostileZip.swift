import GPUMerge
import Testing

/// A good checkpoint whose archive is then made to lie.
struct HostileZip: Sendable, CustomTestStringConvertible {
  let name: String
  let kind: GPUMergeError.Kind
  let bytes: [UInt8]

  var testDescription: String { name }

  /// The archive, changed before its bytes are written.
  init(_ name: String, _ kind: GPUMergeError.Kind, _ change: (inout TestZip) -> Void) {
    var zip = Self.good
    change(&zip)
    self.init(name, kind, bytes: zip.bytes())
  }

  init(_ name: String, _ kind: GPUMergeError.Kind, bytes: [UInt8]) {
    self.name = name
    self.kind = kind
    self.bytes = bytes
  }

  static let storage: [UInt8] = Array(1...16)

  static let pickle = TestPickle.pickle(TestPickle.stateDict(TestPickle.tensor()))

  static let good = TestZip.checkpoint(pickle, storages: [("0", storage)])

  /// The same with its storage compressed: as a stored block, which holds any data.
  static func deflated(_ stream: [UInt8]) -> TestZip.Member {
    TestZip.Member("a/data/0", stream, method: 8, plain: storage)
  }

  static let deflateStream: [UInt8] = [1, 16, 0, 0xEF, 0xFF] + storage

  static let all = ends + entries + locals + names + contents
}
