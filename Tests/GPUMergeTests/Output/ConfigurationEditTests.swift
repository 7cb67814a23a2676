import GPUMerge
import Testing

@Suite("What is changed in a config.json")
struct ConfigurationEditTests {
  private func changed(_ text: String, to dtype: DType = .float16) throws -> String {
    let bytes = try ConfigurationEdit(of: Array(text.utf8)).text(with: dtype)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func untied(_ text: String, with dtype: DType? = nil) throws -> String {
    let bytes = try ConfigurationEdit(of: Array(text.utf8)).text(with: dtype, untied: true)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(
    "is that ties are true, of the model and its language model",
    arguments: [
      (#"{"tie_word_embeddings": true}"#, #"{"tie_word_embeddings": false}"#),
      (
        "{\"x\": [true],\n \"tie_word_embeddings\" :true , \"y\": 1}\n",
        "{\"x\": [true],\n \"tie_word_embeddings\" :false , \"y\": 1}\n"
      ),
      (
        #"{"text_config":{"tie_word_embeddings":true},"a_config":{"tie_word_embeddings":true}}"#,
        #"{"text_config":{"tie_word_embeddings":false},"a_config":{"tie_word_embeddings":true}}"#
      ),
      (#"{"tie_word_embeddings": false}"#, #"{"tie_word_embeddings": false}"#),
      (#"{"tie_word_embeddings": "true"}"#, #"{"tie_word_embeddings": "true"}"#),
    ])
  func ties(before: String, after: String) throws {
    #expect(try untied(before) == after)
    #expect(try changed(before) == before)
  }

  @Test("is both at once")
  func both() throws {
    #expect(
      try untied(
        #"{"dtype": "float32", "tie_word_embeddings": true, "torch_dtype": "float32"}"#,
        with: .float16)
        == #"{"dtype": "float16", "tie_word_embeddings": false, "torch_dtype": "float16"}"#)
  }

  @Test(
    "is the type, under both of its names, and in the configurations of parts",
    arguments: [
      (#"{"dtype": "bfloat16"}"#, #"{"dtype": "float16"}"#),
      ("{ \"torch_dtype\" :\t\"float32\"\n}\n", "{ \"torch_dtype\" :\t\"float16\"\n}\n"),
      (#"{"torch_dtype":"torch.float32","x":1}"#, #"{"torch_dtype":"torch.float16","x":1}"#),
      (
        #"{"text_config":{"dtype":"float32","a_config":{"dtype":"float64"}},"dtype":"float32"}"#,
        #"{"text_config":{"dtype":"float16","a_config":{"dtype":"float16"}},"dtype":"float16"}"#
      ),
      (
        #"{"encoder": {"dtype": "float32", "model_type": "bert"}}"#,
        #"{"encoder": {"dtype": "float16", "model_type": "bert"}}"#
      ),
    ])
  func replaced(before: String, after: String) throws {
    #expect(try changed(before) == after)
  }

  @Test(
    "is no type where there is none, and nothing is added",
    arguments: [
      "{}", #"{"dtype": null, "torch_dtype": "auto", "x": ["dtype"]}"#,
      #"{"quantization_config": {"dtype": "float32", "model_type": "x"}}"#,
      #"{"rope_scaling": {"dtype": "float32"}}"#, #"{"x": "dtype", "y": [{"dtype": "float32"}]}"#,
      #"{"dtype": {"dtype": "float32"}}"#, #"{"d\u0074ype": "flo\u0061t32"}"#,
      "{\"a\": \"\u{1F9EA} \\ud83e\\uddea \\\"dtype\\\": \\\"float32\\\"\", \"b\": 1e5 }",
    ])
  func untouched(text: String) throws {
    #expect(try changed(text) == text)
  }

  @Test("is a type under a key with escapes")
  func escapedKey() throws {
    #expect(try changed(#"{"d\u0074ype": "float32"}"#) == #"{"d\u0074ype": "float16"}"#)
  }

  @Test("is not looked for in what is not JSON, or too deep", arguments: ["", "[]", "{", "{}}"])
  func refused(text: String) {
    #expect(throws: GPUMergeError.self) { try changed(text) }
    let deep = String(repeating: #"{"a":"#, count: 200)
    #expect(throws: GPUMergeError.self) { try changed(deep) }
  }
}
