import GPUMerge
import Glibc
import SystemPackage
import Testing

@Suite("which files of a folder are the model")
struct FolderChoiceTests {
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  @Test("safetensors comes before PyTorch, whether sharded or not")
  func order() throws {
    let files = [
      "pytorch_model.bin.index.json", "pytorch_model.bin", "model.safetensors.index.json",
      "model.safetensors",
    ]
    for (name, left) in zip(files, [files[1], files[0], files[3], files[2]]) {
      // The file that wins comes last, so it must win against those written before.
      if name.hasSuffix(".json") {
        let shard = name.hasPrefix("model") ? "s.safetensors" : "s.bin"
        try folder.write(tensors: [name], to: shard)
        try folder.write(index: [name: shard], to: name)
      } else {
        try folder.write(tensors: [name], to: name)
      }
      if try folder.names.contains(left) { try folder.remove(left) }
      #expect(try folder.open().tensors.map(\.name.description) == [name])
    }
  }

  @Test(
    "a file and an index of the same kind are ambiguous",
    arguments: [
      ["model.safetensors", "model.safetensors.index.json"],
      ["pytorch_model.bin", "pytorch_model.bin.index.json"],
      ["adapter_model.safetensors", "adapter_model.safetensors.index.json"],
      ["model.safetensors", "adapter_model.safetensors"],
    ])
  func ambiguous(files: [String]) throws {
    for file in files { try folder.write(tensors: ["a"], to: file) }
    let error = try failure()
    #expect(error.kind == .notACheckpoint)
    for file in files { #expect(error.problem.contains(file)) }
  }

  @Test("a variant is chosen by its name, and named where there is nothing else")
  func variants() throws {
    try folder.write(tensors: ["a"], to: "model.fp16.safetensors")
    try folder.write(tensors: ["b"], to: "s-1-of-1.bf16.safetensors")
    try folder.write(
      index: ["b": "s-1-of-1.bf16.safetensors"], to: "model.safetensors.index.bf16.json")
    #expect(try folder.open(variant: "fp16").tensors.map(\.name) == ["a"])
    #expect(try folder.open(variant: "bf16").tensors.map(\.name) == ["b"])
    let error = try failure()
    #expect(error.problem.contains("bf16, fp16"))
    #expect(error.advice?.contains("--variant bf16") == true)
    #expect(try failure(variant: "ema").advice == "There is bf16, fp16")
    try folder.write(tensors: ["c"], to: "model.safetensors")
    #expect(try folder.open().tensors.map(\.name) == ["c"])
    #expect(try failure(variant: "../x").kind == .usage)
    #expect(try failure(variant: "x/\u{301}").kind == .usage)
  }

  @Test("a model of another name is named, not guessed")
  func otherNames() throws {
    try folder.write(tensors: ["a"], to: "consolidated.safetensors")
    try folder.write([], to: "training_args.bin")
    let error = try failure()
    #expect(error.kind == .notACheckpoint)
    #expect(error.problem.hasSuffix("there is consolidated.safetensors"))
    #expect(error.advice == "Name the file that is meant")
  }

  @Test(
    "what is there instead is said",
    arguments: [
      ("model-00001-of-00002.safetensors", "no index"), ("zero_to_fp32.py", "DeepSpeed"),
      ("__0_0.distcp", "distributed checkpoint"), ("q4.gguf", "GGUF"),
      ("x.incomplete", "not finished"), ("README.md", "no checkpoint"),
    ])
  func diagnosis(file: String, message: String) throws {
    try folder.write([], to: file)
    #expect(try failure().description.contains(message))
  }

  @Test("an empty folder is said to be empty")
  func empty() throws {
    #expect(try failure().problem == "the folder is empty")
  }

  @Test("an adapter needs its configuration")
  func adapterConfiguration() throws {
    try folder.write(tensors: ["a"], to: "adapter_model.safetensors")
    #expect(try failure().problem.contains("no adapter_config.json"))
    try folder.write("{", to: "adapter_config.json")
    #expect(try failure().kind == .notACheckpoint)
    try folder.write(#"{"r":1}"#, to: "adapter_config.json")
    #expect(try folder.open().adapterConfig?["r"]?.integer == 1)
  }

  @Test("a configuration that cannot be read is not looked at, with a warning")
  func configuration() throws {
    try folder.write(tensors: ["a"], to: "model.safetensors")
    try folder.write("[NaN]", to: "config.json")
    let checkpoint = try folder.open()
    #expect(checkpoint.config == nil)
    #expect(checkpoint.warnings.first?.hasPrefix("config.json cannot be checked") == true)
  }

  @Test("metadata that all shards share is kept, other metadata is not and is warned of")
  func metadata() throws {
    func open(_ first: String?, _ second: String?) throws -> Checkpoint {
      try folder.write(tensors: ["a"], metadata: first, to: "1.safetensors")
      try folder.write(tensors: ["b"], metadata: second, to: "2.safetensors")
      try folder.write(index: ["b": "2.safetensors", "a": "1.safetensors"])
      return try folder.open()
    }
    let same = try open(#"{"format":"pt","x":"1"}"#, #"{"x":"1","format":"pt"}"#)
    #expect(same.metadata.map(\.key) == ["format", "x"])
    #expect(same.tensors.map(\.name) == ["a", "b"])
    let different = try open(#"{"x":"1"}"#, #"{"x":"2"}"#)
    #expect(different.metadata.isEmpty)
    #expect(different.warnings.first?.contains("'x'") == true)
    let formatOnly = try open(#"{"format":"pt"}"#, nil)
    #expect(formatOnly.metadata.isEmpty)
    #expect(formatOnly.warnings.isEmpty)
  }

  @Test("a total_size that is not that of the tensors is warned of")
  func totalSize() throws {
    try folder.writeSharded()
    #expect(try folder.open().warnings.isEmpty)
    let map = #""weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}"#
    try folder.write(
      #"{"metadata":{"total_size":1e3},\#(map)}"#, to: "model.safetensors.index.json")
    #expect(try folder.open().warnings.first?.contains("total_size") == true)
  }

  @Test("a total_size that counts tied tensors once, as transformers does, is no mistake")
  func tiedTotalSize() throws {
    let fixture = try #require(TorchFixture.all.first { $0.name == "layouts" })
    try folder.write(try fixture.bytes(), to: "1.bin")
    let tensors = try Checkpoint.open(folder.path.appending("1.bin")).tensors
    let again = try #require(tensors.first { $0.name == "shared_again" })
    let map = tensors.map { "\"\($0.name)\":\"1.bin\"" }.joined(separator: ",")
    let total = tensors.reduce(0) { $0 + $1.byteCount } - again.byteCount
    try folder.write(
      #"{"metadata":{"total_size":\#(total)},"weight_map":{\#(map)}}"#,
      to: "pytorch_model.bin.index.json")
    #expect(try folder.open().warnings.isEmpty)
  }

  @Test("verification covers every shard")
  func verification() throws {
    try folder.writeSharded()
    let checkpoint = try folder.open()
    try checkpoint.verify()
    try folder.write(tensors: ["c", "d"], to: "2.safetensors")
    let error = #expect(throws: GPUMergeError.self) { try checkpoint.verify() }
    #expect(error?.kind == .inputChanged)
    #expect(error?.file == folder.path.appending("2.safetensors"))
  }

  @Test("the path may have any bytes, which messages show escaped")
  func oddPath() throws {
    try folder.write(tensors: ["a"], to: "plain/model.safetensors")
    let name: [CChar] = [CChar(bitPattern: 0xFF), 0x0A, 0x2D, 0x78, 0]
    let odd = folder.path.pushing(FilePath(platformString: name))
    let status = folder.path.appending("plain").withPlatformString { from in
      odd.withPlatformString { rename(from, $0) }
    }
    #expect(status == 0)
    #expect(try Checkpoint.open(odd).folder == odd)
    let file = odd.appending("model.safetensors")
    #expect(file.withPlatformString { unlink($0) } == 0)
    let error = #expect(throws: GPUMergeError.self) { try Checkpoint.open(odd) }
    #expect(error?.description.contains("\\u{a}-x: the folder is empty") == true)
  }

  private func failure(variant: String? = nil) throws -> GPUMergeError {
    try #require(throws: GPUMergeError.self) { try folder.open(variant: variant) }
  }
}
