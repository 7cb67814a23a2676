import GPUMerge
import Testing

/// Files that PyTorch wrote and that hold no dense tensors to merge.
@Suite("What PyTorch writes that is not merged")
struct RefusedFixtureTests {
  private static let files:
    [(name: String, kind: GPUMergeError.Kind, say: String, advise: String)] = [
      ("conjugate.pt", .layoutUnsupported, "a conjugate view", ".resolve_conj()"),
      ("negative.pt", .layoutUnsupported, "a negative view", ".resolve_neg()"),
      ("sparse_coo.pt", .layoutUnsupported, "'w' is sparse", "dense"),
      ("sparse_csr.pt", .layoutUnsupported, "'w' is sparse", "dense"),
      ("quantized.pt", .layoutUnsupported, "'w' is quantized", "dense"),
      ("nested.pt", .layoutUnsupported, "'w' is nested", "dense"),
      ("meta.pt", .layoutUnsupported, "'w' is on the meta device and has no data", "dense"),
      ("whole_model.pt", .pickleGlobal, "'torch.nn.modules", "model.state_dict()"),
      ("whole_model_legacy.pt", .pickleGlobal, "'torch.nn.modules", "model.state_dict()"),
      ("deepspeed_zero3.pt", .notACheckpoint, "ZeRO stage 3", "zero_to_fp32.py"),
      ("deepspeed_optimizer.pt", .notACheckpoint, "optimizer states", "zero_to_fp32.py"),
      ("object_among_tensors.pt", .pickleGlobal, "'argparse.Namespace'", "--allow-opaque"),
      ("torchscript.pt", .unsupportedFormat, "a TorchScript program", "torch.jit.load(path)"),
      ("numpy.npz", .unsupportedFormat, "a NumPy archive", "safetensors"),
      ("shard.distcp", .unsupportedFormat, "a part of a distributed checkpoint", "dcp_to_torch"),
    ]

  @Test("is refused by its name, with what to do", arguments: files.indices)
  func refused(index: Int) throws {
    let file = Self.files[index]
    let path = TorchFixture.path(of: "refused/\(file.name)")
    let error = try #require(throws: GPUMergeError.self) { try Checkpoint.open(path) }
    #expect(error.kind == file.kind, "\(error)")
    #expect(error.problem.contains(file.say), "\(error)")
    #expect(error.advice?.contains(file.advise) == true, "\(error)")
    #expect(error.file == path)
  }

  @Test(
    "is refused with --allow-opaque too",
    arguments: [
      ("whole_model.pt", GPUMergeError.Kind.notACheckpoint, "an object of 'torch.nn.modules"),
      ("whole_model_legacy.pt", .persistentID, "a whole model with its code"),
      ("object_among_tensors.pt", .notACheckpoint, "'argparse.Namespace' stands among the tensors"),
      ("sparse_coo.pt", .layoutUnsupported, "'w' is sparse"),
      ("quantized.pt", .layoutUnsupported, "'w' is quantized"),
      ("nested.pt", .layoutUnsupported, "'w' is nested"),
      ("meta.pt", .layoutUnsupported, "'w' is on the meta device"),
    ])
  func refusedAnyway(name: String, kind: GPUMergeError.Kind, part: String) throws {
    let path = TorchFixture.path(of: "refused/\(name)")
    var options = ReadingOptions()
    options.allowsOpaqueObjects = true
    let error = try #require(throws: GPUMergeError.self) {
      try Checkpoint.open(path, options: options)
    }
    #expect(error.kind == kind, "\(error)")
    #expect(error.problem.contains(part), "\(error)")
  }

  @Test("two sets of weights are not chosen between, but --root does")
  func twoCandidates() throws {
    let error = try #require(throws: GPUMergeError.self) {
      try TorchFixture(name: "objects/esrgan").open()
    }
    #expect(error.kind == .notACheckpoint)
    #expect(error.problem.contains("'params', 'params_ema'"))
    #expect(error.advice?.contains("--root KEY") == true)
    for root in ["params", "params_ema"] {
      #expect(try TorchFixture(name: "objects/esrgan", root: root).open().tensors.count > 0)
    }
  }
}
