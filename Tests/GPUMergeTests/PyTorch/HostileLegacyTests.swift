import Foundation
import GPUMerge
import SystemPackage
import Testing

@Suite("Hostile files in PyTorch's old format")
struct HostileLegacyTests {
  private typealias P = TestPickle

  @Test("is refused for what it is, and runs nothing", arguments: HostileLegacy.all)
  func refused(hostile: HostileLegacy) {
    let error = #expect(throws: GPUMergeError.self) { try TorchFile.open(hostile.bytes) }
    #expect(error?.kind == hostile.kind, "\(error?.description ?? "accepted")")
    #expect(error?.isShownOnOneLine == true)
    #expect(!FileManager.default.fileExists(atPath: HostilePickle.markerPath))
  }

  @Test("the file that all lies are made from is good")
  func baseline() throws {
    let tensors = try TorchFile.readAll(TorchFile.open(TestLegacy().bytes()))
    #expect(tensors.map(\.bytes) == [Array(1...16)])
  }

  @Test("longs of 8 bytes and either byte order make no difference", arguments: [4, 8])
  func systems(long: Int) throws {
    for order in [P.yes, P.no] {
      var file = TestLegacy()
      file.system = P.pickle(
        TestLegacy.system(isLittleEndian: order, sizes: TestLegacy.sizes(long: long)))
      #expect(
        try TorchFile.readAll(TorchFile.open(file.bytes())).map(\.bytes) == [Array(1...16)])
    }
  }

  @Test(
    "every prefix of a good file is refused",
    arguments: ["small", "python2", "protocol4"])
  func truncation(name: String) throws {
    let bytes = try TorchFixture(name: "legacy/\(name)").bytes()
    let accepted = (0..<bytes.count).filter { count in
      let result = Result { try TorchFile.open(Array(bytes.prefix(count))) }
      guard case .failure(let error as GPUMergeError) = result else { return true }
      // Without the magic number it is taken for a zip archive.
      let kinds: [GPUMergeError.Kind] = [count < 24 ? .zipStructure : .truncated, .pickleTruncated]
      return !kinds.contains(error.kind)
    }
    #expect(accepted == [])
  }

  @Test("a cut file's message says how much is missing, of what, and where")
  func cutMessage() throws {
    let bytes = TestLegacy().bytes()
    let error = #expect(throws: GPUMergeError.self) { try TorchFile.open(bytes.dropLast(3)) }
    #expect(error?.problem == "the file ends 3 bytes before the end of this storage")
    #expect(error?.subject == "data/0")
    #expect(error?.offset == bytes.count - 16)
    #expect(error?.advice?.contains("cut short") == true)
  }

  @Test("the offset of an error is where in the file the opcode is")
  func offsets() throws {
    var file = TestLegacy()
    file.object = [0x80, 2, 0xFF]
    let error = #expect(throws: GPUMergeError.self) { try TorchFile.open(file.bytes()) }
    #expect(error?.offset == file.magic.count + file.version.count + file.system.count + 2)
    #expect(error?.subject == nil)
  }

  @Test("a pickle longer than the pieces it is read in is read, up to the limit")
  func longObject() throws {
    let entries = (0..<3000).map { (P.string("tensor.number.\($0)"), TestLegacy.tensor()) }
    let entry = entries.flatMap { $0.0 + $0.1 }
    var file = TestLegacy()
    file.object = P.pickle(P.emptyDict + P.mark + entry + [0x75])
    #expect(file.object.count > 512 << 10)
    let checkpoint = try TorchFile.open(file.bytes())
    #expect(checkpoint.tensors.count == 3000)
    #expect(try TorchFixture.Tensor(reading: checkpoint.tensors[2999]).bytes == Array(1...16))
    var limits = Limits()
    limits.pickleByteCount = file.object.count
    #expect(try TorchFile.open(file.bytes(), limits: limits).tensors.count == 3000)
    limits.pickleByteCount -= 1
    let error = #expect(throws: GPUMergeError.self) {
      try TorchFile.open(file.bytes(), limits: limits)
    }
    #expect(error?.kind == .headerSize)
  }

  @Test("8 GiB of storages are opened without reading them, and read from anywhere")
  func large() throws {
    let count = 2 << 30
    var file = TestLegacy()
    file.object = P.pickle(
      P.stateDict(TestLegacy.tensor(TestLegacy.storageID(count: count), count: count)))
    file.storages = TestLegacy.storage(count: count, [])
    let header = file.bytes()
    let path = FilePath(FileManager.default.temporaryDirectory.path)
      .appending("gpumerge-large-\(UUID())")
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    let descriptor = try FileDescriptor.open(
      path, .readWrite, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
    try descriptor.closeAfter {
      _ = try descriptor.writeAll(header)
      // Nothing but the last element is on the disk.
      _ = try descriptor.writeAll(
        toAbsoluteOffset: Int64(header.count + 4 * count - 4), [1, 2, 3, 4])
    }
    let checkpoint = try Checkpoint.open(path)
    let tensor = try #require(checkpoint.tensors.first)
    var bytes = [UInt8](repeating: 0xAA, count: 8)
    try bytes.withUnsafeMutableBytes {
      try tensor.read(bytes: 4 * count - 8..<4 * count, into: $0)
    }
    #expect(bytes == [0, 0, 0, 0, 1, 2, 3, 4])
    try checkpoint.verify()
  }
}
