import Foundation
import GPUMerge
import SystemPackage
import Testing

@Suite("folders that the tools of Hugging Face wrote")
struct FolderFixtureTests {
  static let folder = FilePath(
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures/folders").path)

  @Test(
    "a folder reads as the libraries read it",
    arguments: [
      ("single", nil), ("sharded", nil), ("sharded_bin", nil), ("variant", "fp16"),
      ("adapter", nil),
    ])
  func good(name: String, variant: String?) throws {
    var options = ReadingOptions()
    options.variant = variant
    let path = Self.folder.appending(name)
    let checkpoint = try Checkpoint.open(path, options: options)
    let expected = try Self.oracle(name)
    #expect(try checkpoint.tensors.map { try TorchFixture.Tensor(reading: $0) } == expected)
    #expect(checkpoint.path == path)
    #expect(checkpoint.folder == path)
    #expect(checkpoint.format == (name == "sharded_bin" ? .pytorch : .safetensors))
    #expect(checkpoint.files.count == (["single", "adapter"].contains(name) ? 1 : 3))
    #expect(checkpoint.warnings.isEmpty)
    #expect(checkpoint.commit == nil)
    try checkpoint.verify()
  }

  @Test("the configurations are read")
  func configurations() throws {
    let model = try Checkpoint.open(Self.folder.appending("sharded"))
    #expect(model.config?["hidden_size"]?.integer == 4)
    #expect(model.adapterConfig == nil)
    #expect(model.metadata.map(\.key) == ["format"])
    let adapter = try Checkpoint.open(Self.folder.appending("adapter"))
    #expect(adapter.config == nil)
    #expect(adapter.adapterConfig?["r"]?.integer == 2)
  }

  @Test("an index is as good as its folder")
  func index() throws {
    let path = Self.folder.appending("variant").appending("model.safetensors.index.fp16.json")
    let checkpoint = try Checkpoint.open(path)
    let expected = try Self.oracle("variant")
    #expect(try checkpoint.tensors.map { try TorchFixture.Tensor(reading: $0) } == expected)
    #expect(checkpoint.path == path)
    #expect(checkpoint.folder == path.removingLastComponent())
  }

  private static func oracle(_ name: String) throws -> [TorchFixture.Tensor] {
    let text = try String(contentsOfFile: folder.appending("\(name).tsv").string, encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      let fields = line.split(separator: "\t")
      try #require(fields.count == 4)
      let shape = fields[2].split { "[], ".contains($0) }.compactMap { Int($0) }
      let digits = Array(fields[3].utf8)
      let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
      }
      return TorchFixture.Tensor(
        name: Array(fields[0].utf8), dtype: String(fields[1]), shape: shape, bytes: bytes)
    }
  }
}
