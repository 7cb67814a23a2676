import Foundation
import TestSupport
import Testing

@Suite("Models that are folders")
struct FolderTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try writeSharded("a", [1, 2])
    try writeSharded("b", [3, 6])
  }

  /// A folder with a vector in each of two shards.
  private func writeSharded(_ folder: String, _ values: [Float]) throws {
    try scratch.writeModel("\(folder)/1.safetensors", ["x": [values[0]]])
    try scratch.writeModel("\(folder)/2.safetensors", ["y": [values[1]]])
    try scratch.write(
      #"{"weight_map":{"y":"2.safetensors","x":"1.safetensors"}}"#,
      to: "\(folder)/model.safetensors.index.json")
  }

  @Test("folders are merged into one file, with or without a slash, and with files")
  func folders() throws {
    try scratch.writeModel("c.safetensors", ["x": [5], "y": [1]])
    let result = try Tool.run("a/", "b", "c.safetensors", "--device", "cpu", in: scratch)
    #expect(result.status == 0, "\(result.error)")
    #expect(try scratch.floats("x", of: "merged/model.safetensors") == [3])
    #expect(try scratch.floats("y", of: "merged/model.safetensors") == [3])
  }

  @Test("a variant is chosen with --variant")
  func variant() throws {
    try scratch.writeModel("v/model.fp16.safetensors", ["x": [7]])
    let refused = try Tool.run("v", "--device", "cpu", in: scratch)
    #expect(refused.status == 65)
    #expect(refused.error.contains("--variant fp16"))
    #expect(try Tool.run("v", "--variant", "fp16", "--device", "cpu", in: scratch).status == 0)
    #expect(try scratch.floats("x", of: "merged/model.safetensors") == [7])
  }

  @Test("org/name is a folder if there is one, else a model in the Hub's cache")
  func hub() throws {
    let commit = String(repeating: "a", count: 40)
    try writeSharded("cache/models--org--name/snapshots/\(commit)", [5, 10])
    try scratch.write(commit, to: "cache/models--org--name/refs/main")
    func merge(_ arguments: String...) throws -> Tool.Result {
      try Tool.run(
        arguments + ["--device", "cpu", "--force"], in: scratch,
        environment: ["HF_HUB_CACHE=cache"])
    }
    #expect(try merge("org/name@main", "a").status == 0)
    #expect(try scratch.floats("x", of: "merged/model.safetensors") == [3])
    try scratch.write(
      "merge_method: linear\nbase_model: org/name\nmodels: [{model: org/name, parameters: {weight: 1}}]",
      to: "configs/c.yml")
    #expect(try merge("--config", "configs/c.yml").status == 0)
    #expect(try scratch.floats("y", of: "merged/model.safetensors") == [10])
    try writeSharded("org/name", [1, 1])
    #expect(try merge("org/name").status == 0)
    #expect(try scratch.floats("x", of: "merged/model.safetensors") == [1])
    let missing = try merge("org/other@v1")
    #expect(missing.status == 66)
    #expect(missing.error.contains("hf download org/other --revision v1"))
    #expect(try merge("org/other.safetensors").error.contains("no such file"))
  }

  @Test("a hundred models of three shards each are merged with 64 descriptors")
  func descriptors() throws {
    for index in 0..<100 {
      let value = Float(index)
      for shard in 0..<3 {
        try scratch.writeModel(
          "m\(index)/\(shard).safetensors", ["t\(shard)": Array(repeating: value, count: 5000)])
      }
      try scratch.write(
        #"{"weight_map":{"t0":"0.safetensors","t1":"1.safetensors","t2":"2.safetensors"}}"#,
        to: "m\(index)/model.safetensors.index.json")
    }
    let models = (0..<100).map { "m\($0)" }
    let result = try Tool.run(
      models + ["--device", "cpu"], in: scratch, by: ["prlimit", "--nofile=64:64"])
    #expect(result.status == 0, "\(result.error)")
    let expected = [Float](repeating: 49.5, count: 5000)
    for shard in 0..<3 {
      #expect(try scratch.floats("t\(shard)", of: "merged/model.safetensors") == expected)
    }
  }

  @Test("a limit that leaves nothing is said to be one")
  func noDescriptors() throws {
    let result = try Tool.run(
      ["a", "b", "--device", "cpu"], in: scratch, by: ["prlimit", "--nofile=6:6"])
    #expect(result.status == 74)
    #expect(result.error.contains("ulimit -n"), "\(result.error)")
  }
}
