import Foundation
import GPUMerge
import Testing

@Suite("Hostile pickles")
struct HostilePickleTests {
  @Test("is refused for what it is, and runs nothing", arguments: HostilePickle.all)
  func refused(hostile: HostilePickle) {
    let error = #expect(throws: GPUMergeError.self) { try hostile.open() }
    #expect(error?.kind == hostile.kind, "\(error?.description ?? "accepted")")
    #expect(error?.isShownOnOneLine == true)
    #expect(!FileManager.default.fileExists(atPath: HostilePickle.markerPath))
  }

  @Test("the message for a call names it, says where, and that nothing was run")
  func message() throws {
    let hostile = try #require(HostilePickle.programs.first)
    let error = #expect(throws: GPUMergeError.self) { try hostile.open() }
    #expect(error?.subject == "data.pkl")
    #expect(error?.offset == 2)
    #expect(error?.problem.contains("'posix.system'") == true)
    #expect(error?.problem.contains("nothing was run") == true)
  }

  @Test("every prefix of a good pickle is refused")
  func prefixes() throws {
    let pickle = TestPickle.pickle(TestPickle.stateDict(TestPickle.tensor()))
    let storage = [UInt8](repeating: 1, count: 16)
    for count in 0..<pickle.count {
      let zip = TestZip.checkpoint(Array(pickle.prefix(count)), storages: [("0", storage)])
      let error = #expect(throws: GPUMergeError.self) { try TorchFile.open(zip.bytes()) }
      #expect(error?.kind == .pickleTruncated)
    }
  }

  @Test("the pickle and archive that all lies are made from are good")
  func baseline() throws {
    let hostile = HostilePickle("good", .internal, tensor: TestPickle.tensor())
    let tensors = try TorchFile.readAll(hostile.open())
    #expect(tensors.map(\.bytes) == [hostile.storage])
  }

  @Test("uint8 and an untyped storage may share a key, and empty storages of any type")
  func sharedKeys() throws {
    let bytes = TestPickle.storage(
      TestPickle.global("torch", "ByteStorage"), count: TestPickle.int(16))
    let object = TestPickle.dict(
      (TestPickle.string("a"), TestPickle.tensor(storage: bytes)),
      (
        TestPickle.string("b"),
        TestPickle.typedTensor("float8_e5m2", byteCount: 16, size: [16], strides: [1])
      ))
    let checkpoint = try HostilePickle("", .internal, object: object).open()
    #expect(checkpoint.tensors.map(\.dtype) == [.uint8, .float8E5M2])
  }

  @Test("tensors with attributes as PyTorch 1.8 to 1.11 wrote them")
  func oldAttributes() throws {
    let arguments = TestPickle.tuple(
      TestPickle.storage(), TestPickle.int(0), TestPickle.ints([4]), TestPickle.ints([1]),
      TestPickle.no, TestPickle.orderedDict)
    let tensor = TestPickle.call(
      "torch._tensor", "_rebuild_from_type",
      TestPickle.global("torch._utils", "_rebuild_tensor_v2"),
      TestPickle.global("torch", "Tensor"), arguments,
      TestPickle.dict((TestPickle.string("note"), TestPickle.none)))
    let hostile = HostilePickle("", .internal, tensor: tensor)
    let checkpoint = try hostile.open()
    #expect(try TorchFile.readAll(checkpoint).map(\.bytes) == [hostile.storage])
    #expect(checkpoint.warnings == ["1 tensors have Python attributes, which are not kept"])
  }

  @Test("the strides of single elements may be anything")
  func freeStrides() throws {
    let tensor = TestPickle.tensor(
      size: TestPickle.ints([1, 2, 1]), strides: TestPickle.ints([.max, 2, .max]))
    let hostile = HostilePickle("", .internal, tensor: tensor)
    #expect(try TorchFile.readAll(hostile.open()).map(\.bytes.count) == [8])
  }

  @Test("files of Python 2: short strings, text numbers, OrderedDict of pairs")
  func python2() throws {
    func short(_ text: String) -> [UInt8] { [0x55, UInt8(text.utf8.count)] + Array(text.utf8) }
    let storage =
      TestPickle.tuple(
        short("storage"), TestPickle.global("torch", "FloatStorage"), short("0"), short("cpu"),
        Array("I4\n".utf8)) + TestPickle.persistentID
    let tensor = TestPickle.call(
      "torch._utils", "_rebuild_tensor", storage, [0x8A, 0], TestPickle.ints([2, 2]),
      TestPickle.tuple([0x8A, 1, 1], Array("I2\n".utf8)))
    let pairs =
      TestPickle.emptyList + TestPickle.emptyList + TestPickle.mark + short("w") + tensor + [0x65]
      + TestPickle.append
    let object = TestPickle.call("collections", "OrderedDict", pairs)
    var hostile = HostilePickle("", .internal, object: object)
    hostile.storage = (0..<16).map { $0 }
    #expect(
      try TorchFile.readAll(hostile.open()).map(\.bytes) == [
        [0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15]
      ])
  }
}
