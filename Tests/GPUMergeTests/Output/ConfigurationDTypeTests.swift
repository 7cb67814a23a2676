import GPUMerge
import Testing

@Suite("The type in a config.json")
struct ConfigurationDTypeTests {
  private func changed(_ text: String, to dtype: DType = .float16) throws -> String {
    let bytes = try ConfigurationDType(of: Array(text.utf8)).text(with: dtype)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(
    "is replaced under both of its names, also in the configurations of parts",
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
    "stays where it is none, and nothing is added",
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

  @Test("is found under a key with escapes")
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
