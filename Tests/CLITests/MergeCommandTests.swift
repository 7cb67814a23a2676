import Foundation
import TestSupport
import Testing

@Suite struct MergeCommandTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.writeModel("a.safetensors", ["x": [1, 2, 3], "y": [0]])
    try scratch.writeModel("b.safetensors", ["x": [3, 4, 8], "y": [10]])
    try scratch.writeModel("base.safetensors", ["x": [1, 1, 1], "y": [1]])
  }

  private func merge(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(["--device", "cpu"] + arguments, in: scratch)
  }

  @Test("models alone are averaged into merged, in the first one's format")
  func average() throws {
    let result = try merge("a.safetensors", "b.safetensors")
    #expect(result.status == 0)
    #expect(result.output.isEmpty)
    #expect(
      result.error.hasPrefix("merged 2 models -> merged.safetensors: 2 tensors, 4 parameters, "))
    #expect(result.error.contains(" on CPU ("))
    #expect(try scratch.floats("x", of: "merged.safetensors") == [2, 3, 5.5])
    #expect(try scratch.floats("y", of: "merged.safetensors") == [5])
    #expect(
      try scratch.names == [
        "a.safetensors", "b.safetensors", "base.safetensors", "merged.safetensors",
      ])
  }

  @Test("weights alone make it a weighted average, and may be negative")
  func weights() throws {
    for arguments in [["--weights", "-1,2"], ["--weights=-1,2"], ["--weights", "-1, 2"]] {
      let result = try Tool.run(
        ["a.safetensors", "b.safetensors", "-o", "o.safetensors", "--force", "--device", "cpu"]
          + arguments, in: scratch)
      #expect(result.status == 0, "\(arguments)")
      #expect(try scratch.floats("x", of: "o.safetensors") == [5, 6, 13], "\(arguments)")
    }
  }

  @Test("without normalization the weights are not divided by their sum")
  func noNormalize() throws {
    let result = try merge(
      "a.safetensors", "b.safetensors", "--weights", "1,1", "--no-normalize", "--method", "linear",
      "-o", "o.safetensors")
    #expect(result.status == 0)
    #expect(try scratch.floats("x", of: "o.safetensors") == [4, 6, 11])
  }

  @Test("DARE that drops nothing is the base plus the mean difference")
  func dare() throws {
    let result = try merge(
      "--method", "dare_simple_average", "--base", "base.safetensors", "--sparsity-ratio", "0",
      "--seed", "7", "a.safetensors", "b.safetensors", "-o", "dare.safetensors")
    #expect(result.status == 0)
    #expect(try scratch.floats("x", of: "dare.safetensors") == [2, 3, 5.5])
    let metadata = try scratch.header(of: "dare.safetensors")["__metadata__"] as? [String: String]
    #expect(metadata?["gpumerge"]?.contains("\"seed\":7") == true)
  }

  @Test(
    "a type is known by all names that users of PyTorch have for it",
    arguments: [
      ("float32", "F32"), ("f32", "F32"), ("torch.bfloat16", "BF16"), ("bf16", "BF16"),
      ("half", "F16"), ("FP16", "F16"), ("double", "F64"),
      ("float8_e4m3fn", "F8_E4M3"), ("torch.float8_e5m2", "F8_E5M2"),
      ("float8_e4m3fnuz", "F8_E4M3FNUZ"), ("float8_e5m2fnuz", "F8_E5M2FNUZ"),
    ])
  func dtype(name: String, stored: String) throws {
    let result = try merge(
      "a.safetensors", "b.safetensors", "-o", "o.safetensors", "--dtype", name)
    #expect(result.status == 0)
    let entry = try scratch.header(of: "o.safetensors")["x"] as? [String: Any]
    #expect(entry?["dtype"] as? String == stored)
  }

  @Test("an output that exists is kept, and overwritten with --force")
  func force() throws {
    try scratch.write("precious", to: "o.safetensors")
    let refused = try merge("a.safetensors", "b.safetensors", "-o", "o.safetensors")
    #expect(refused.status == 73)
    #expect(refused.error.contains("o.safetensors: the output exists"))
    #expect(refused.error.contains("--force"))
    #expect(try scratch.bytes(of: "o.safetensors") == "precious".data(using: .utf8))
    let forced = try merge("a.safetensors", "b.safetensors", "-o", "o.safetensors", "--force")
    #expect(forced.status == 0)
    #expect(try scratch.floats("y", of: "o.safetensors") == [5])
  }

  @Test("an output that is an input under another name is refused even with --force")
  func outputIsInput() throws {
    let before = try scratch.bytes(of: "a.safetensors")
    #expect(link(scratch.url("a.safetensors").path, scratch.url("other.safetensors").path) == 0)
    let result = try merge(
      "a.safetensors", "b.safetensors", "-o", "other.safetensors", "--force")
    #expect(result.status == 73)
    #expect(result.error.contains("one of the inputs"))
    #expect(try scratch.bytes(of: "a.safetensors") == before)
  }

  @Test("a model that is called like a command is named with its folder")
  func modelCalledDevices() throws {
    try scratch.writeModel("devices", ["x": [1]])
    let result = try merge("./devices", "-o", "o.safetensors")
    #expect(result.status == 0)
    #expect(try scratch.floats("x", of: "o.safetensors") == [1])
  }

  @Test("models without an extension give an output without one, in their format")
  func noExtension() throws {
    try scratch.writeModel("model", ["x": [1]])
    #expect(try merge("model", "a.safetensors", "--dry-run").status == 65)
    #expect(try merge("model").status == 0)
    #expect(try scratch.floats("x", of: "merged") == [1])
  }

  @Test(
    "a name of a format that is not written is refused, unless it is a folder's",
    arguments: ["o.gguf", "o.json", "o.ONNX", "o.zip", "o.msgpack", "o.h5"])
  func foreignExtension(name: String) throws {
    let result = try merge("a.safetensors", "b.safetensors", "-o", name)
    #expect(result.status == 64)
    #expect(
      result.error.hasPrefix(
        "error: \(name): gpumerge writes no \(name.dropFirst()) files. Name a .safetensors file, "))
    #expect(try scratch.names == ["a.safetensors", "b.safetensors", "base.safetensors"])
    #expect(try merge("a.safetensors", "-o", "\(name)/").status == 0)
    #expect(try scratch.floats("y", of: "\(name)/model.safetensors") == [0])
  }

  @Test("an output without a name does not take the extension of a format that is not written")
  func foreignModelName() throws {
    try scratch.writeModel("a.zip", ["x": [1]])
    #expect(try merge("a.zip").status == 0)
    #expect(try scratch.floats("x", of: "merged") == [1])
  }

  @Test(
    "a name of PyTorch's gives PyTorch's format, which can be merged again",
    arguments: [
      "o.bin", "o.pt", "o.pth", "o.ckpt",
    ])
  func pytorch(name: String) throws {
    #expect(try merge("a.safetensors", "b.safetensors", "-o", name).status == 0)
    #expect(try scratch.bytes(of: name).prefix(4) == Data([0x50, 0x4B, 3, 4]))
    #expect(try merge(name, "a.safetensors").status == 0)
    let merged = "merged" + name.dropFirst()
    #expect(try scratch.bytes(of: merged).prefix(2) == Data([0x50, 0x4B]))
    #expect(try merge(merged, "-o", "back.safetensors").status == 0)
    #expect(try scratch.floats("x", of: "back.safetensors") == [1.5, 2.5, 4.25])
  }
}
