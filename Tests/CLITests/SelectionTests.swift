import Foundation
import TestSupport
import Testing

@Suite("Models that do not have the same tensors") struct SelectionTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.writeModel(
      "a.safetensors", ["embed": [1, 2], "layers.0.w": [1], "layers.1.w": [10], "norm": [1]])
    try scratch.writeModel(
      "b.safetensors", ["embed": [1, 2, 3], "layers.0.w": [3], "norm": [3], "extra": [1]])
  }

  private func merge(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(
      ["--device", "cpu", "a.safetensors", "b.safetensors", "-o", "o.safetensors"] + arguments,
      in: scratch)
  }

  /// The fates of all tensors, as `name: fate`.
  private func fates(_ json: [String: Any]) -> [String] {
    (json["tensors"] as? [[String: Any]] ?? []).map {
      "\($0["name"] as? String ?? ""): \($0["fate"] as? String ?? "")"
    }
  }

  @Test("are refused with what can be done about it")
  func refused() throws {
    let result = try merge()
    #expect(result.status == 65)
    #expect(result.error.contains("missing here (1):\n  layers.1.w"))
    #expect(result.error.contains("only here (1):\n  extra"))
    #expect(result.error.contains("--missing"))
    #expect(try merge("--missing", "base").error.contains("embed [3] instead of [2]"))
  }

  @Test("are merged by the options, and every tensor's fate is told")
  func merged() throws {
    let result = try merge("--missing", "present", "--keep", "emb*", "--json")
    #expect(result.status == 0)
    #expect(try scratch.floats("layers.0.w", of: "o.safetensors") == [2])
    #expect(try scratch.floats("layers.1.w", of: "o.safetensors") == [10])
    #expect(try scratch.floats("embed", of: "o.safetensors") == [1, 2])
    #expect(
      fates(result.json) == [
        "embed: copied", "layers.0.w: merged", "layers.1.w: copied", "norm: merged",
        "extra: copied",
      ])
    let embed = (result.json["tensors"] as? [[String: Any]])?.first
    #expect(embed?["dtype"] as? String == "float32")
    #expect(embed?["shape"] as? [Int] == [2])
    #expect(embed?["reason"] as? String == "kept by 'emb*': a.safetensors's")
  }

  @Test("share their backbone")
  func backbone() throws {
    let result = try merge("--backbone-only", "--missing", "base", "--dry-run")
    #expect(result.status == 0)
    #expect(result.error.isEmpty)
    #expect(result.output.contains("fates:       1 merged, 3 copied, 1 ignored\n"))
    #expect(
      result.output.contains("tensor:      copied embed (not in the backbone: a.safetensors's)\n"))
    #expect(result.output.contains("tensor:      ignored extra ("))
    #expect(!result.output.contains("layers.0.w"))
  }

  @Test("give a warning for what is left out without being asked for")
  func warning() throws {
    let result = try merge("--missing", "base", "--keep", "embed")
    #expect(result.status == 0)
    #expect(
      result.error.hasPrefix("warning: 'extra': left out, because a.safetensors lacks it\n"))
  }

  @Test("are described in configurations by the same words, which options override")
  func configuration() throws {
    try scratch.write(
      """
      models: [a.safetensors, b.safetensors]
      missing: present
      keep: [embed, 'n*']
      only: "*"
      backbone_only: false
      tied: true
      integers: first
      """, to: "c.yml")
    let arguments = ["--device", "cpu", "--config", "c.yml", "--json", "-o"]
    let result = try Tool.run(arguments + ["o.safetensors"], in: scratch)
    #expect(
      fates(result.json) == [
        "embed: copied", "layers.0.w: merged", "layers.1.w: copied", "norm: copied",
        "extra: copied",
      ])
    let metadata = try scratch.header(of: "o.safetensors")["__metadata__"] as? [String: Any]
    let recipe = try #require(metadata?["gpumerge"] as? String)
    #expect(
      recipe.hasSuffix(
        #""missing":"present","keep":["embed","n*"],"only":["*"],"tied":true,"integers":"first"}"#))
    let other = try Tool.run(
      arguments + ["p.safetensors", "--missing", "skip", "--keep", "embed"], in: scratch)
    #expect(
      fates(other.json) == [
        "embed: copied", "layers.0.w: merged", "layers.1.w: skipped", "norm: merged",
        "extra: skipped",
      ])
  }

  @Test(
    "are described by words that exist",
    arguments: [
      ("missing: nothing", "line 2: missing must be one of error, base, skip, present"),
      ("tied: 3", "line 2: tied must be true or false"),
      ("keep: {a: b}", "line 2: keep must be a text"),
      ("backbone-only: true", "Did you mean backbone_only?"),
    ])
  func badConfiguration(line: String, problem: String) throws {
    try scratch.write("models: [a.safetensors, b.safetensors]\n\(line)\n", to: "c.yml")
    let result = try Tool.run("--config", "c.yml", in: scratch)
    #expect(result.status == 64)
    #expect(result.error.contains(problem))
  }

  @Test("are not matched by patterns that match nothing")
  func unknownPattern() throws {
    let result = try merge("--keep", "layer.*")
    #expect(result.status == 64)
    #expect(result.error.contains("Similar names are 'layers.0.w', 'layers.1.w'"))
  }

  @Test("are told from files that are given twice, by whatever name")
  func repeated() throws {
    try FileManager.default.createSymbolicLink(
      atPath: scratch.url("link.safetensors").path, withDestinationPath: "a.safetensors")
    let twice = try Tool.run(
      "--device", "cpu", "a.safetensors", "link.safetensors", "a.safetensors", "-o", "o",
      in: scratch)
    #expect(twice.status == 0)
    #expect(
      twice.error.hasPrefix("warning: a.safetensors is given 3 times, so it counts 3 times\n"))
    let base = try Tool.run(
      "--device", "cpu", "--base", "a.safetensors", "link.safetensors", "-o", "p", in: scratch)
    #expect(!base.error.contains("both the base"))
    let dare = try Tool.run(
      "--device", "cpu", "--method", "dare_simple_average", "--base", "a.safetensors",
      "link.safetensors", "-o", "d", in: scratch)
    #expect(
      dare.error.hasPrefix("warning: a.safetensors is both the base and one of the models: "))
    #expect(dare.error.contains("those of the others count less; name it as the base only\n"))
    let one = try Tool.run("--device", "cpu", "a.safetensors", "-o", "q", "--json", in: scratch)
    #expect(one.json["warnings"] as? [String] == [])
    #expect(fates(one.json).allSatisfy { $0.hasSuffix(": copied") })
  }

  @Test("whose integers differ are told with both files")
  func differingIntegers() throws {
    try scratch.writeModel("i.safetensors", integers: [1, 2])
    try scratch.writeModel("j.safetensors", integers: [1, 3])
    let result = try Tool.run("--device", "cpu", "i.safetensors", "j.safetensors", in: scratch)
    #expect(result.status == 65)
    #expect(
      result.error.hasPrefix(
        "error: j.safetensors: 'ids': this int64 tensor is not that of i.safetensors, first at "
          + "element 1. Integers are never averaged: they may be quantized"), "\(result.error)")
  }

  @Test("share their backbone in the example, too")
  func example() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Examples")
    let text = try String(
      contentsOf: folder.appendingPathComponent("merge_backbone.yml"), encoding: .utf8)
    try scratch.write(text, to: "c.yml")
    try scratch.writeModel("model-a.safetensors", ["embed": [1], "layers.0.w": [1]])
    try scratch.writeModel("model-b.safetensors", ["embed": [1, 2], "layers.0.w": [2]])
    let result = try Tool.run(
      "--device", "cpu", "--config", "c.yml", "--dry-run", "--json", in: scratch)
    #expect(fates(result.json) == ["embed: copied", "layers.0.w: merged"])
  }
}
