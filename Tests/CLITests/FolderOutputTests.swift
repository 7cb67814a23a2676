import Foundation
import TestSupport
import Testing

@Suite("An output folder")
struct FolderOutputTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try makeModel("a", [1, 2, 3])
    try makeModel("b", [3, 4, 8])
  }

  /// A folder as transformers leaves it.
  private func makeModel(_ name: String, _ values: [Float]) throws {
    try makeFolder("\(name)/additional_chat_templates")
    try scratch.writeModel("\(name)/model.safetensors", ["x": values, "y": [0, 1]])
    try scratch.write(
      "{\n \"torch_dtype\": \"float32\",  \"z\": 1\n}", to: "\(name)/config.json")
    try scratch.write("tokenizer of \(name)", to: "\(name)/tokenizer.json")
    try scratch.write("template", to: "\(name)/additional_chat_templates/t.jinja")
    try scratch.write("raise SystemExit", to: "\(name)/modeling_x.py")
  }

  private func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(
      at: scratch.url(name), withIntermediateDirectories: true)
  }

  private func merge(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(["--device", "cpu"] + arguments, in: scratch)
  }

  private func text(_ name: String) throws -> String {
    String(decoding: try scratch.bytes(of: name), as: UTF8.self)
  }

  /// The bytes of all files of a folder by their paths.
  private func contents(_ name: String) throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: scratch.url(name).path) {
      var isFolder: ObjCBool = false
      let full = "\(name)/\(path)"
      _ = FileManager.default.fileExists(
        atPath: scratch.url(full).path, isDirectory: &isFolder)
      if !isFolder.boolValue { contents[path] = try scratch.bytes(of: full) }
    }
    return contents
  }

  @Test("has the first model's configuration and tokenizer, a card and the recipe, but no code")
  func files() throws {
    let result = try merge("a", "b", "-o", "m/")
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error.contains("modeling_x.py"))
    #expect(result.error.contains("--copy-code copies it"))
    let files = try contents("m")
    #expect(
      files.keys.sorted() == [
        "README.md", "additional_chat_templates/t.jinja", "config.json", "gpumerge.yml",
        "model.safetensors", "tokenizer.json",
      ])
    for name in ["config.json", "tokenizer.json", "additional_chat_templates/t.jinja"] {
      #expect(try files[name] == scratch.bytes(of: "a/\(name)"))
    }
    #expect(try scratch.floats("x", of: "m/model.safetensors") == [2, 3, 5.5])
  }

  @Test("has the base's configuration and tokenizer where there is a base")
  func base() throws {
    let result = try merge(
      "--method", "dare_simple_average", "--base", "b", "a", "a", "-o", "m/")
    #expect(result.status == 0, "\(result.error)")
    #expect(try text("m/tokenizer.json") == "tokenizer of b")
  }

  @Test("tells the type that it has")
  func dtype() throws {
    #expect(try merge("a", "b", "-o", "m/", "--dtype", "bfloat16").status == 0)
    #expect(try text("m/config.json") == "{\n \"torch_dtype\": \"bfloat16\",  \"z\": 1\n}")
  }

  @Test("says that its head is separate where it came out so")
  func untied() throws {
    let (embedding, head) = ("model.embed_tokens.weight", "lm_head.weight")
    let config = { (tie: Bool) in "{\"tie_word_embeddings\": \(tie), \"z\": 1}" }
    try scratch.writeModel("t/model.safetensors", [embedding: [1, 2]], columns: 2)
    try scratch.write(config(true), to: "t/config.json")
    try scratch.writeModel("u/model.safetensors", [embedding: [3, 4], head: [5, 6]], columns: 2)
    try scratch.write(config(false), to: "u/config.json")
    let result = try merge("t", "u", "-o", "m/")
    #expect(result.status == 0, "\(result.error)")
    #expect(try scratch.floats(embedding, of: "m/model.safetensors") == [2, 3])
    #expect(try scratch.floats(head, of: "m/model.safetensors") == [3, 4])
    #expect(try text("m/config.json") == config(false))
    #expect(try merge("t", "u", "-o", "tied/", "--tied").status == 0)
    #expect(try text("tied/config.json") == config(true))
    #expect(try merge("t", "t", "-o", "same/").status == 0)
    #expect(try text("same/config.json") == config(true))
    // The configuration of the second folder is the output's where the first model is a file.
    #expect(try merge("u/model.safetensors", "t", "-o", "file/").status == 0)
    #expect(try text("file/config.json") == config(false))
    #expect(!(try scratch.floats(head, of: "file/model.safetensors")).isEmpty)
  }

  @Test("calls no base what the method does not merge, and says so")
  func unusedBase() throws {
    let result = try merge("a", "b", "--base", "b", "-o", "m/")
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error.contains("b: simple_average does not use the weights of the base: "))
    #expect(result.error.contains("--method dare_simple_average adds"))
    #expect(try text("m/README.md").contains("| `../b` (names, types and copied tensors only) |"))
    #expect(try text("m/tokenizer.json") == "tokenizer of b")
    let dare = try merge("a", "--base", "b", "--method", "dare_simple_average", "-o", "d/")
    #expect(!dare.error.contains("does not use"))
    #expect(try text("d/README.md").contains("| `../b` (base) |"))
  }

  @Test("names nothing but repositories as what it was made of, which the Hub asks for")
  func hubMetadata() throws {
    #expect(try merge("a", "b", "-o", "m/").status == 0)
    #expect(try text("m/README.md").hasPrefix("---\nlibrary_name: transformers\ntags:\n"))
    try scratch.write(#"{"_name_or_path": "org/b"}"#, to: "b/config.json")
    #expect(try merge("a", "b", "-o", "n/").status == 0)
    #expect(try text("n/README.md").hasPrefix("---\nbase_model:\n- org/b\nlibrary_name: "))
    // A base that gives the output nothing is none of it.
    #expect(try merge("a", "--base", "b", "-o", "o/").status == 0)
    #expect(!(try text("o/README.md")).contains("base_model:\n- org/b\n"))
    #expect(try merge("a", "--base", "b", "--keep", "y", "-o", "p/").status == 0)
    #expect(try text("p/README.md").hasPrefix("---\nbase_model:\n- org/b\n"))
  }

  @Test("has a configuration that is no JSON as it is, and says so")
  func brokenConfiguration() throws {
    try scratch.write("{\"torch_dtype\": NaN", to: "a/config.json")
    let result = try merge("a", "b", "-o", "m/", "--dtype", "float16")
    #expect(result.status == 0, "\(result.error)")
    #expect(
      result.error.contains(
        "a: config.json cannot be checked, and goes into an output folder, if at all, as it is: "))
    #expect(try text("m/config.json") == "{\"torch_dtype\": NaN")
  }

  @Test("says nothing of float8, as which no model is loaded")
  func float8() throws {
    #expect(try merge("a", "b", "-o", "m/", "--dtype", "float8_e4m3fn").status == 0)
    #expect(try text("m/config.json") == "{\n \"torch_dtype\": \"float32\",  \"z\": 1\n}")
  }

  @Test("of merged layers needs no equal tokenizers, which other folders are warned about")
  func backboneOnly() throws {
    for name in ["v", "w"] {
      try scratch.writeModel("\(name)/model.safetensors", ["wte.weight": [1], "h.0.w": [2]])
      try scratch.write("tokenizer of \(name)", to: "\(name)/tokenizer.json")
    }
    let warning = "average of the embeddings makes no sense"
    #expect(try merge("v", "w", "-o", "all/").error.contains(warning))
    let layers = try merge("v", "w", "-o", "layers/", "--backbone-only")
    #expect(layers.status == 0, "\(layers.error)")
    #expect(!layers.error.contains(warning), "\(layers.error)")
  }

  @Test("is made again by its recipe, byte for byte, wherever that is called from")
  func recipe() throws {
    let first = try merge(
      "a", "b", "--weights", "0.1,-0.7", "--no-normalize", "--dtype", "float16",
      "--max-shard-size", "6", "--copy-code", "--keep", "y*", "-o", "m/")
    #expect(first.status == 0, "\(first.error)")
    let files = try contents("m")
    #expect(files["model-00001-of-00002.safetensors"] != nil)
    #expect(files["model.safetensors.index.json"] != nil)
    #expect(files["modeling_x.py"] != nil)
    #expect(try merge("--config", "m/gpumerge.yml", "-o", "again/").status == 0)
    #expect(try contents("again") == files)
    try makeFolder("elsewhere")
    let path = scratch.url("m/gpumerge.yml").path
    let result = try Tool.run(
      ["--device", "cpu", "--config", path, "-o", "../third/"], in: scratch,
      by: ["env", "-C", "elsewhere"])
    #expect(result.status == 0, "\(result.error)")
    #expect(try contents("third") == files)
  }

  @Test("is made again with the variant and the size of shards that the recipe says")
  func recipeOptions() throws {
    for name in ["a", "b"] {
      try FileManager.default.moveItem(
        at: scratch.url("\(name)/model.safetensors"),
        to: scratch.url("\(name)/model.fp16.safetensors"))
    }
    let first = try merge("a", "b", "--variant", "fp16", "--max-shard-size", "8", "-o", "m/")
    #expect(first.status == 0, "\(first.error)")
    let recipe = try text("m/gpumerge.yml")
    #expect(recipe.hasSuffix("variant: fp16\nmax_shard_size: 8\n"))
    #expect(try merge("--config", "m/gpumerge.yml", "-o", "again/").status == 0)
    #expect(try contents("again") == contents("m"))
    // The command line decides.
    let other = try merge(
      "--config", "m/gpumerge.yml", "--max-shard-size", "1kB", "--copy-code", "-o", "other/")
    #expect(other.status == 0)
    let files = try contents("other").keys
    #expect(files.contains("model.safetensors") && files.contains("modeling_x.py"))
  }

  @Test("keeps the names of its models apart from YAML and Markdown, whatever they are")
  func hostileNames() throws {
    let name = "c: [`|\\| ``` <b>\n---\n# \u{202E}\"'é~ $(x)"
    try makeModel(name, [5, 6, 7])
    let result = try merge("a", name, "-o", "m/", "--weights", "1,2")
    #expect(result.status == 0, "\(result.error)")
    #expect(try merge("--config", "m/gpumerge.yml", "-o", "again/").status == 0)
    #expect(try contents("again") == contents("m"))
    let lines = try text("m/README.md").split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.filter { $0 == "---" }.count == 2)
    #expect(lines.filter { $0.hasPrefix("#") }.count == 2)
    let row = lines.first { $0.hasSuffix(" 2.0 |") }
    #expect(row?.hasPrefix("| <code>../c&#58;&#32;&#91;&#96;&#124;") == true)
    #expect(row?.contains("<b>") == false)
    #expect(row?.filter { $0 == "|" }.count == 3)
  }

  @Test("has what can be had if no model is a folder, and a warning")
  func filesOnly() throws {
    let result = try merge("a/model.safetensors", "b/model.safetensors", "-o", "m/")
    #expect(result.status == 0)
    #expect(result.error.contains("no configuration and no tokenizer"))
    #expect(try contents("m").keys.sorted() == ["README.md", "gpumerge.yml", "model.safetensors"])
    #expect(!(try text("m/README.md")).contains("library_name"))
  }

  @Test("is refused before any work if a file beside the weights cannot be read")
  func unreadable() throws {
    try FileManager.default.removeItem(at: scratch.url("a/tokenizer.json"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.url("a/tokenizer.json").path, withDestinationPath: "nothing")
    for arguments in [["--dry-run"], []] {
      let result = try Tool.run(
        ["--device", "cpu", "a", "b", "-o", "m/"] + arguments, in: scratch)
      #expect(result.status == 66)
      #expect(result.error.contains("tokenizer.json"))
    }
    #expect(try scratch.names == ["a", "b"])
  }

  @Test("is replaced only if all in it is of a model, also in its folders")
  func force() throws {
    #expect(try merge("a", "b", "-o", "m/", "--copy-code").status == 0)
    #expect(try merge("b", "-o", "m/").status == 73)
    #expect(try merge("b", "-o", "m/", "--force").status == 0)
    #expect(try scratch.floats("x", of: "m/model.safetensors") == [3, 4, 8])
    #expect(try contents("m")["modeling_x.py"] == nil)
    try scratch.write("mine", to: "m/additional_chat_templates/notes.txt")
    let refused = try merge("a", "-o", "m/", "--force")
    #expect(refused.status == 73)
    #expect(refused.error.contains("additional_chat_templates/notes.txt"))
    #expect(try scratch.names == ["a", "b", "m"])
  }

  @Test("of an adapter is as PEFT has it")
  func adapter() throws {
    for name in ["p", "q"] {
      try makeFolder(name)
      try scratch.writeModel("\(name)/adapter_model.safetensors", ["x.lora_A.weight": [1]])
      try scratch.write(
        #"{"peft_type": "LORA", "r": 1, "base_model_name_or_path": "o/base"}"#,
        to: "\(name)/adapter_config.json")
    }
    let result = try merge("p", "q", "-o", "m/", "--max-shard-size", "1")
    #expect(result.status == 0, "\(result.error)")
    #expect(
      try contents("m").keys.sorted() == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "gpumerge.yml",
      ])
    let card = try text("m/README.md")
    #expect(card.hasPrefix("---\nbase_model:\n- o/base\nlibrary_name: peft\n"))
  }

  @Test("pins models of the Hugging Face Hub to their commits")
  func hub() throws {
    let commit = String(repeating: "0123456789", count: 4)
    let repository = "hub/models--org--name"
    try makeFolder("\(repository)/refs")
    try makeFolder("\(repository)/snapshots")
    try scratch.write(commit, to: "\(repository)/refs/main")
    try FileManager.default.moveItem(
      at: scratch.url("a"), to: scratch.url("\(repository)/snapshots/\(commit)"))
    let cache = ["HF_HUB_CACHE=\(scratch.url("hub").path)"]
    let result = try Tool.run(
      ["--device", "cpu", "org/name", "b", "-o", "m/"], in: scratch, environment: cache)
    #expect(result.status == 0, "\(result.error)")
    #expect(try text("m/gpumerge.yml").contains("- model: org/name@\(commit)\n"))
    #expect(try text("m/README.md").hasPrefix("---\nbase_model:\n- org/name\nlibrary_name: "))
    #expect(try text("m/README.md").contains("| `../b` |"))
    try FileManager.default.removeItem(at: scratch.url("\(repository)/refs"))
    let again = try Tool.run(
      ["--device", "cpu", "--config", "m/gpumerge.yml", "-o", "again/"], in: scratch,
      environment: cache)
    #expect(again.status == 0, "\(again.error)")
    #expect(try contents("again") == contents("m"))
  }
}
