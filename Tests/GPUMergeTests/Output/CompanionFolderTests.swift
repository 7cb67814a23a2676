import Foundation
import GPUMerge
import Glibc
import SystemPackage
import Testing

@Suite("What goes with a model's weights")
final class CompanionFolderTests {
  private let folder = FilePath(NSTemporaryDirectory()).appending("gpumerge-\(UUID())")

  init() throws {
    try FileManager.default.createDirectory(
      atPath: folder.string, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder.string) }

  private func write(_ names: String...) throws {
    for name in names {
      let path = folder.appending(name)
      try FileManager.default.createDirectory(
        atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
      try Data(name.utf8).write(to: URL(filePath: path.string))
    }
  }

  private func open(
    copiesCode: Bool = false, limits: Limits = Limits()
  ) throws -> CompanionFolder {
    try CompanionFolder(folder, copiesCode: copiesCode, limits: limits)
  }

  @Test("is configuration, tokenizer and license, but no weights and nothing of the user's")
  func selection() throws {
    let wanted = [
      "1_Pooling/config.json", "LICENSE", "NOTICE.txt", "additional_chat_templates/tool.jinja",
      "config.json", "modules.json", "tokenizer.json", "tokenizer.model",
    ]
    for name in wanted { try write(name) }
    try write(
      "model.safetensors", "pytorch_model.bin", "model.safetensors.index.json", "README.md",
      "training_args.bin", "optimizer.pt", "notes.txt", "1_Notes/config.json",
      "additional_chat_templates/notes.txt", "1_Pooling/notes.txt", "tf_model.h5", "gpumerge.yml")
    let companions = try open()
    #expect(companions.files.map(\.name).sorted() == wanted)
    #expect(companions.warnings.isEmpty)
  }

  @Test("is code only where that is wanted, and otherwise told")
  func code() throws {
    try write("config.json", "modeling_x.py", "helper.py", "sub/other.py")
    let without = try open()
    #expect(without.files.map(\.name) == ["config.json"])
    #expect(without.warnings.count == 1)
    #expect(without.warnings[0].contains("helper.py and other *.py files"))
    #expect(without.warnings[0].contains("--copy-code"))
    let with = try open(copiesCode: true)
    #expect(with.files.map(\.name) == ["config.json", "helper.py", "modeling_x.py"])
    #expect(with.warnings.isEmpty)
  }

  @Test("follows links, as the cache of the Hugging Face Hub has them")
  func links() throws {
    try write("blobs/1234")
    #expect(symlink("blobs/1234", folder.appending("config.json").string) == 0)
    guard case .copy(let file)? = try open().files.first?.contents else {
      Issue.record("nothing is copied")
      return
    }
    #expect(try file.bytes(at: 0, count: file.byteCount) == Array("blobs/1234".utf8))
  }

  @Test("is opened before any work: links to nothing, pipes and folders are refused")
  func unreadable() throws {
    let path = folder.appending("config.json").string
    #expect(symlink("nothing", path) == 0)
    #expect(throws: GPUMergeError.self) { try open() }
    unlink(path)
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: GPUMergeError.self) { try open() }
    unlink(path)
    #expect(mkdir(path, 0o700) == 0)
    let error = #expect(throws: GPUMergeError.self) { try open() }
    #expect(error?.problem.contains("is to be copied to the output") == true)
  }

  @Test("has limits for size and number")
  func limits() throws {
    try write("config.json", "vocab.txt")
    var limits = Limits()
    limits.companionCount = 1
    let number = #expect(throws: GPUMergeError.self) { try open(limits: limits) }
    #expect(number?.problem.contains("more than 1 files") == true)
    limits.companionCount = 2
    limits.companionByteCount = 11
    #expect(try open(limits: limits).files.count == 2)
    limits.companionByteCount = 10
    let size = #expect(throws: GPUMergeError.self) { try open(limits: limits) }
    #expect(size?.file == folder.appending("config.json"))
  }

  @Test("leaves out the weights of a part of its own, and tells it")
  func parts() throws {
    try write("modules.json", "2_Dense/config.json", "2_Dense/model.safetensors")
    let companions = try open()
    #expect(companions.files.map(\.name) == ["2_Dense/config.json", "modules.json"])
    #expect(companions.warnings.count == 1)
    #expect(companions.warnings[0].hasPrefix("2_Dense has weights of its own"))
  }
}
