import Foundation
import GPUMerge
import TestSupport
import Testing

@Suite struct ConfigurationTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.writeModel("a.safetensors", ["x": [1, 2, 3]])
    try scratch.writeModel("b.safetensors", ["x": [3, 4, 8]])
  }

  private func merge(_ configuration: String, _ arguments: String...) throws -> Tool.Result {
    try scratch.write(configuration, to: "c.yml")
    return try Tool.run(
      ["--device", "cpu", "--config", "c.yml", "-o", "o.safetensors"] + arguments, in: scratch)
  }

  private static let weighted = """
    merge_method: linear
    models:
      - model: a.safetensors
        parameters:
          weight: -1
      - model: b.safetensors
        parameters: {weight: 2.0}
    parameters:
      normalize: true
    dtype: float16
    out_dtype: float32
    """

  @Test("a configuration from a pipe has paths that start in the working folder")
  func pipe() throws {
    let scratch = try Scratch()
    try scratch.writeModel("a.safetensors", ["x": [1]])
    try scratch.write(
      "merge_method: simple_average\nmodels: [{model: a.safetensors}]\n", to: "c.yml")
    let result = try Tool.run(
      ["--config", "/dev/stdin", "-o", "o.safetensors", "--device", "cpu"], in: scratch,
      by: ["sh", "-c", #"cat c.yml | "$0" "$@""#])
    #expect(result.status == 0, "\(result.error)")
    #expect(try scratch.floats("x", of: "o.safetensors") == [1])
  }

  @Test("a mergekit configuration is merged")
  func mergekit() throws {
    let result = try merge(Self.weighted)
    #expect(result.status == 0, "\(result.error)")
    #expect(try scratch.floats("x", of: "o.safetensors") == [5, 6, 13])
  }

  @Test("models may be names alone, and one weight is for all of them")
  func shortForms() throws {
    let result = try merge(
      "models: [a.safetensors, b.safetensors]\nparameters: {weight: 1, normalize: false}\n")
    #expect(result.status == 0, "\(result.error)")
    #expect(try scratch.floats("x", of: "o.safetensors") == [4, 6, 11])
  }

  @Test("an alias stands for what it names")
  func alias() throws {
    let result = try merge(
      """
      models:
        - {model: a.safetensors, parameters: &p {weight: 1}}
        - {model: b.safetensors, parameters: *p}
      """)
    #expect(result.status == 0, "\(result.error)")
    #expect(try scratch.floats("x", of: "o.safetensors") == [2, 3, 5.5])
  }

  @Test("options override the configuration")
  func override() throws {
    let result = try merge(Self.weighted, "--weights", "1,1", "--no-normalize", "--dtype", "f64")
    #expect(result.status == 0, "\(result.error)")
    let header = try scratch.header(of: "o.safetensors")
    #expect((header["x"] as? [String: Any])?["dtype"] as? String == "F64")
    let recipe = (header["__metadata__"] as? [String: String])?["gpumerge"]
    #expect(recipe?.contains("\"weights\":[1.0,1.0],\"normalize\":false") == true)
  }

  @Test("paths are relative to the configuration's folder")
  func relativePaths() throws {
    try FileManager.default.createDirectory(
      at: scratch.url("sub"), withIntermediateDirectories: false)
    try scratch.write("models: [../a.safetensors]\nbase_model: ../b.safetensors\n", to: "sub/c.yml")
    let result = try Tool.run(
      "--device", "cpu", "--config", "sub/c.yml", "--json", in: scratch)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.json["base"] as? String == "sub/../b.safetensors")
    #expect(try scratch.floats("x", of: "merged.safetensors") == [1, 2, 3])
  }

  @Test("a model that is not there is told with the line that names it, and where paths start")
  func missingModel() throws {
    try scratch.write("models:\n- ../a.safetensors\n- a.safetensors\n", to: "sub/c.yml")
    let model = try Tool.run("--device", "cpu", "--config", "sub/c.yml", in: scratch)
    #expect(model.status == 66)
    #expect(
      model.error
        == "error: sub/a.safetensors: there is no such file, named in line 3 of sub/c.yml. "
        + "Paths in a configuration start in its folder\n")
    try scratch.write("models: [../a.safetensors]\nbase_model: a.safetensors\n", to: "sub/c.yml")
    let base = try Tool.run("--device", "cpu", "--config", "sub/c.yml", in: scratch)
    #expect(base.error.contains("there is no such file, named in sub/c.yml. "), "\(base.error)")
  }

  @Test(
    "what is wrong is told with its line",
    arguments: [
      ("merge_metod: linear", 1, "no key 'merge_metod' here. Did you mean merge_method?"),
      ("models: [a]\nmerge_method: linaer", 2, "Did you mean linear?"),
      ("models:\n  - modl: a", 2, "Did you mean model?"),
      ("models:\n  - model: a\n    parameters: {wieght: 1}", 3, "Did you mean weight?"),
      ("models:\n  - model: a\n    parameters:\n      weight: [0, 1]", 4, "one number"),
      ("models:\n  - model: a\n    parameters:\n      weight: '1'", 4, "one number"),
      ("models:\n  - model: a\n    parameters:\n      weight: .nan", 4, "one number"),
      ("models:\n  - parameters: {weight: 1}", 2, "'model' is missing"),
      ("models: a", 1, "must be a list"),
      ("models:\n- []", 2, "must be a mapping"),
      ("models:\n- [a]: 1", 2, "a key must be a word"),
      ("models: [a]\nparameters: 3", 2, "must be a mapping"),
      ("models: [a]\nparameters:\n  sead: 3\nmerge_method: dare_simple_average", 3, "mean seed?"),
      (
        "models: [a]\nmerge_method: dare_simple_average\nparameters:\n  rescale: 3", 4,
        "true or false"
      ),
      ("models: [a]\nmerge_method: simple_average\nparameters:\n  weight: 3", 4, "no parameter"),
      ("models:\n- {model: a, parameters: {weight: 1}}\n- b", 3, "no weight, but others have"),
      ("models: [a]\nparameters: {weights: [1], weight: 2}", 2, "given twice"),
      ("models: [a]\ndtype: bfloat61", 2, "Did you mean bfloat16?"),
      ("models: [a]\nbase_model: [b]", 2, "must be a text"),
      ("models: [a]\ndtype: float32\nbase_model: b\ndtype: float16", 2, "more than once"),
      ("models: [a]\nmax_shard_size: many", 2, "a size such as 5GB"),
      ("models: [a]\nmax_shard_size: 0", 2, "a size such as 5GB"),
      ("models: [a]\ncopy_code: 1", 2, "copy_code must be true or false"),
      ("models: [a]\nallow_opaque: [true]", 2, "allow_opaque must be true or false"),
      ("models: [a]\nvariants: x", 2, "Did you mean variant?"),
      ("models: [a\n", 2, "not YAML"),
      ("models: *a", 1, "undefined alias"),
    ])
  func wrong(configuration: String, line: Int, message: String) throws {
    let result = try merge(configuration)
    #expect(result.status == 64)
    #expect(result.error.hasPrefix("error: c.yml: line \(line): "), "\(result.error)")
    #expect(result.error.contains(message), "\(result.error)")
    #expect(result.error.split(separator: "\n").count == 1)
  }

  @Test(
    "a method that is not there is the error, whatever else is, and whoever has it",
    arguments: [
      "models:\n- {model: a, parameters: {density: 0.5, weight: [0.1, 0.9]}}\nmerge_method: ties",
      "slices:\n- sources: []\ntokenizer_source: union\nmerge_method: slerp",
      "parameters:\n  t:\n  - {filter: self_attn, value: [0, 1]}\nmerge_method: nuslerp",
    ])
  func foreignMethod(configuration: String) throws {
    let lines = configuration.split(separator: "\n")
    let method = try #require(lines.last?.split(separator: " ").last)
    let result = try merge(configuration)
    #expect(result.status == 64)
    #expect(
      result.error.hasPrefix(
        "error: c.yml: line \(lines.count): gpumerge does not support the merge method '\(method)'"
      ), "\(result.error)")
  }

  @Test("the method of the file is no matter where --method names another")
  func overriddenMethod() throws {
    let text = "merge_method: ties\nmodels: [a.safetensors, b.safetensors]\n"
    #expect(try merge(text).status == 64)
    let result = try merge(text, "--method", "simple_average")
    #expect(result.status == 0, "\(result.error)")
    #expect(try scratch.floats("x", of: "o.safetensors") == [2, 3, 5.5])
  }

  @Test(
    "what mergekit has and gpumerge has not is said to be not supported",
    arguments: [
      ("slices:\n- sources: []", 1, "mergekit's 'slices'", "under 'models'"),
      ("models: [a]\nmodules: {}", 2, "mergekit's 'modules'", "under 'only'"),
      ("models: [a]\ntokenizer_source: union", 2, "mergekit's 'tokenizer_source'", "backbone_only"),
      ("models: [a]\ntokenizer: {source: a}", 2, "mergekit's 'tokenizer'", "backbone_only"),
      ("models: [a]\nchat_template: auto", 2, "mergekit's 'chat_template'", "chat template of"),
      (
        "models:\n- model: a\n  parameters:\n    density: 0.5", 4, "mergekit's 'density'",
        "sparsity_ratio"
      ),
      (
        "models: [a]\nparameters:\n  int8_mask: true", 3, "mergekit's 'int8_mask'", "Remove it"
      ),
      (
        "models:\n- model: a\n  parameters:\n    weight: [0.1, 0.9]", 4, "differ by layer",
        "one weight"
      ),
      (
        "models:\n- model: a\n  parameters:\n    weight:\n    - {filter: mlp, value: 1}", 5,
        "by filter", "'keep'"
      ),
      ("models: [a]\nparameters:\n  weight: [1, 2]", 3, "differ by layer", "one weight"),
      ("models:\n- model: {model: a, lora: b}", 2, "with a LoRA", "merge_and_unload"),
      ("base_model: {path: a, revision: b}", 1, "options of their own", "org/name@revision"),
    ])
  func unsupported(configuration: String, line: Int, problem: String, advice: String) throws {
    let result = try merge(configuration)
    #expect(result.status == 64)
    #expect(result.error.hasPrefix("error: c.yml: line \(line): "), "\(result.error)")
    #expect(result.error.contains(" not support "), "\(result.error)")
    #expect(result.error.contains(problem), "\(result.error)")
    #expect(result.error.contains(advice), "\(result.error)")
    #expect(!result.error.contains("no key"))
  }

  @Test(
    "a configuration without models, or none at all, is refused",
    arguments: [
      ("", "empty"), ("# nothing\n", "empty"), ("merge_method: linear", "no model"),
      ("models:\n", "no model"), ("models: [a]\n---\nmodels: [b]", "another document"),
    ])
  func incomplete(configuration: String, message: String) throws {
    let result = try merge(configuration)
    #expect(result.status == 64)
    #expect(result.error.contains(message), "\(result.error)")
  }

  @Test("a billion laughs are refused without expanding them")
  func billionLaughs() throws {
    var bomb = "a: &a [lol]\n"
    for (name, previous) in zip("bcdefghij", "abcdefghi") {
      let aliases = Array(repeating: "*\(previous)", count: 9).joined(separator: ",")
      bomb += "\(name): &\(name) [\(aliases)]\n"
    }
    let result = try merge(bomb)
    #expect(result.status == 64)
    #expect(result.error.contains("YAML aliases"))
  }

  @Test("nesting as deep as aliases allow does not overflow the stack")
  func deepAliases() throws {
    let open = String(repeating: "[", count: 990)
    let close = String(repeating: "]", count: 990)
    var text = "a0: &a0 \(open)\(close)\n"
    for level in 1...16 { text += "a\(level): &a\(level) \(open)*a\(level - 1)\(close)\n" }
    #expect(try merge(text).status == 64)
  }

  @Test("a bomb of aliases as a key, which is hashed, is over soon")
  func keyBomb() throws {
    var text = "a0: &a0 [x, y]\n"
    for level in 1...7 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(try merge(text + "? *a7\n: 1\n").status == 64)
  }

  @Test("brackets without end, and a file that is too large, are refused")
  func hugeFiles() throws {
    let brackets = try merge(String(repeating: "[", count: 500_000))
    #expect(brackets.status == 64)
    let comment = try merge(String(repeating: "#", count: 1 << 20 + 1))
    #expect(comment.status == 64)
    #expect(comment.error.contains("larger than 1024 KiB"))
  }

  @Test("a file that is not text is refused")
  func notText() throws {
    try scratch.write(Data([0x6D, 0xFF, 0xFE]), to: "c.yml")
    let result = try Tool.run("--config", "c.yml", in: scratch)
    #expect(result.status == 64)
    #expect(result.error.contains("not UTF-8"))
  }

  @Test("the example of each method is a configuration of that method", arguments: MergeMethods.all)
  func examples(row: MethodRow) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Examples")
    let text = try String(
      contentsOf: folder.appendingPathComponent("\(row.name).yml"), encoding: .utf8)
    for name in ["model-a", "model-b", "model-c", "base", "fine-tuned-a", "fine-tuned-b"] {
      try scratch.writeModel("\(name).safetensors", ["x": [1]])
    }
    let result = try merge(text, "--dry-run", "--json")
    #expect(result.status == 0, "\(result.error)")
    #expect(result.json["method"] as? String == row.name)
    for parameter in row.parameters where parameter.name != "weights" {
      #expect(text.contains("  \(parameter.name): "))
    }
  }
}
