import GPUMerge
import SystemPackage
import Testing

@Suite("what stands beside the weights of several models")
struct FolderChecksTests {
  private static let lora =
    #""peft_type":"LORA","r":8,"lora_alpha":16,"target_modules":["q","v"],"base_model_name_or_path":"o/b""#

  @Test("adapters of one kind are averaged, with a warning about what that means")
  func adapters() async throws {
    let first = try Self.adapter("{\(Self.lora)}", value: 1)
    let second = try Self.adapter(
      #"{"peft_type":"LORA","r":8,"lora_alpha":16.0,"target_modules":["v","q"],"#
        + #""base_model_name_or_path":"o/b","bias":"none","use_dora":false,"rank_pattern":{},"#
        + #""modules_to_save":null,"lora_dropout":0.1}"#, value: 3)
    let merge = try merge([first, second])
    #expect(merge.warnings.count == 1)
    #expect(merge.warnings.first?.contains("not the average of the products BA") == true)
    let result = try await merge.stateDict().0
    #expect(result["l.lora_A.weight"]?.values(as: Float.self) == [2])
  }

  @Test(
    "adapters that differ in what their weights mean are refused",
    arguments: [
      ("r", #""r":4"#), ("lora_alpha", #""lora_alpha":32"#),
      ("target_modules", #""target_modules":["q"]"#),
      ("target_modules", #""target_modules":"q|v""#),
      ("peft_type", #""peft_type":"IA3""#),
      ("base_model_name_or_path", #""base_model_name_or_path":"o/c""#),
      ("modules_to_save", #""modules_to_save":["head"]"#),
      ("rank_pattern", #""rank_pattern":{"q":2}"#),
      ("alpha_pattern", #""alpha_pattern":{"q":2}"#), ("use_rslora", #""use_rslora":true"#),
      ("use_dora", #""use_dora":true"#), ("bias", #""bias":"all""#),
      ("fan_in_fan_out", #""fan_in_fan_out":true"#),
    ])
  func different(key: String, change: String) throws {
    // The changed key comes instead of the one in the reference, as no key may come twice.
    let other = Self.lora.split(separator: ",\"").map { $0.hasPrefix("\"") ? $0 : "\"" + $0 }
      .filter { !$0.hasPrefix("\"\(key)\"") && !$0.hasPrefix("\"v\"]") && !$0.contains("[\"q\"") }
    let target = key == "target_modules" ? [] : [#""target_modules":["q","v"]"#]
    let json = "{\((other.map(String.init) + target + [change]).joined(separator: ","))}"
    let error = try failure([Self.adapter("{\(Self.lora)}"), Self.adapter(json)])
    #expect(error.kind == .keyMismatch)
    #expect(error.problem.hasPrefix("in adapter_config.json, \(key) is "), "\(error)")
  }

  @Test("an adapter and a full model are told apart, whatever their order")
  func mixed() throws {
    let model = try TestFolder()
    try model.write(tensors: ["l.weight"], to: "model.safetensors")
    let adapter = try Self.adapter("{\(Self.lora)}")
    for folders in [[model, adapter], [adapter, model]] {
      let error = try failure(folders)
      #expect(error.kind == .keyMismatch)
      #expect(error.file == model.path)
      #expect(error.problem.contains("is an adapter"))
    }
  }

  @Test("an adapter's file among adapters is warned of, since its configuration is unknown")
  func adapterFile() throws {
    let adapters = try [Self.adapter("{\(Self.lora)}"), Self.adapter("{\(Self.lora)}")]
    let pool = ModelPool(checkpoints: [
      adapters[0].path, adapters[1].path.appending("adapter_model.safetensors"),
    ])
    let warnings = try Self.merge(pool).warnings
    #expect(warnings.contains { $0.contains("there is no adapter_config.json") })
  }

  @Test("configurations that differ are warned of, with key and values")
  func configurations() throws {
    let config = #""model_type":"llama","hidden_size":4,"rope_theta":1e4"#
    let folders = try [
      Self.model(config: #"{\#(config),"text_config":{"vocab_size":8},"_name_or_path":"a"}"#),
      Self.model(config: #"{"rope_theta":10000,"hidden_size":4,"model_type":"llama"}"#),
      Self.model(
        config: #"{"model_type":"qwen","hidden_size":8,"text_config":{"vocab_size":9}}"#),
    ]
    let warnings = try merge(folders).warnings
    #expect(
      warnings == [
        "\(folders[2].path): its config.json is not that of \(folders[0].path): model_type is "
          + #""qwen" instead of "llama", hidden_size is 8 instead of 4, text_config.vocab_size is 9 "#
          + "instead of 8"
      ])
  }

  @Test("tokenizers that differ in size or content are warned of")
  func tokenizers() throws {
    let folders = try ["same", "same", "sane", "longer"].map { text in
      let folder = try Self.model(config: "{}")
      try folder.write(text, to: "tokenizer.json")
      return folder
    }
    let warnings = try merge(folders).warnings
    #expect(warnings.count == 2)
    for (warning, folder) in zip(warnings, folders[2...]) {
      #expect(warning.hasPrefix("\(folder.path): its tokenizer.json is not that of "))
    }
  }

  private static func adapter(_ config: String, value: Float = 1) throws -> TestFolder {
    let folder = try TestFolder()
    try folder.write(config, to: "adapter_config.json")
    try folder.write(
      tensors: ["l.lora_A.weight", "l.lora_B.weight"], value: value, to: "adapter_model.safetensors"
    )
    return folder
  }

  private static func model(config: String) throws -> TestFolder {
    let folder = try TestFolder()
    try folder.write(config, to: "config.json")
    try folder.write(tensors: ["w"], to: "model.safetensors")
    return folder
  }

  private func merge(_ folders: [TestFolder]) throws -> Merge {
    try Self.merge(ModelPool(checkpoints: folders.map(\.path)))
  }

  private static func merge(_ pool: ModelPool) throws -> Merge {
    try Merge(pool, algorithm: SimpleAverageAlgorithm(), options: .testing(on: .cpu))
  }

  private func failure(_ folders: [TestFolder]) throws -> GPUMergeError {
    try #require(throws: GPUMergeError.self) { try merge(folders) }
  }
}
