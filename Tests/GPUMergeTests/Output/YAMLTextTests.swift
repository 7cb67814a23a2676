import GPUMerge
import Testing

@Suite("YAML text")
struct YAMLTextTests {
  @Test("is in block style")
  func layout() {
    let value = JSONValue.object([
      ("method", .string("linear")),
      (
        "models",
        .array([
          .object([
            ("model", .string("../a")), ("parameters", .object([("weight", .number(0.1))])),
          ]),
          .string("org/name@0123"),
        ])
      ),
      ("numbers", .array([.integer(1), .number(-2e-7)])), ("names", .array([.string("a.*")])),
      ("none", .array([])), ("flag", .bool(true)),
    ])
    #expect(
      value.yamlText == """
        method: linear
        models:
        - model: ../a
          parameters:
            weight: 0.1
        - org/name@0123
        numbers: [1, -2e-07]
        names:
        - "a.*"
        none: []
        flag: true

        """)
  }

  @Test(
    "quotes what could be something else than text",
    arguments: [
      "", "no", "Yes", "null", "NaN.", "1e3", "0x1", ".5", "~", "-", "a: b", "a #b", "a b", "*a",
      "&a", "!a", "@a/b", "-a/b", "a,b", "[a", "{a", "a\"b", "a\\b", "'a'", "é/a", "a\nb: c",
      "1/2",
    ])
  func quoted(text: String) {
    let scalar = JSONValue.yamlScalar(text)
    #expect(scalar.hasPrefix("\"") && scalar.hasSuffix("\"") || text == "NaN.")
    #expect(!scalar.contains("\n"))
  }

  @Test("sets keys apart that are longer than a key on the line of its value may be")
  func longKeys() {
    let key = String(repeating: "k", count: 1000)
    let value = JSONValue.object([
      (key, .integer(1)), (key + "1", .integer(2)),
      ("c", .array([.object([(key + "2", .array([.string("d")])), ("e", .null)])])),
    ])
    #expect(
      value.yamlText == """
        \(key): 1
        ? \(key)1
        : 2
        c:
        - ? \(key)2
          :
          - d
          e: null

        """)
  }

  @Test("escapes what does not show, or shows something else")
  func escapes() {
    let text = "\u{0}\n\u{7F}\u{85}\u{2028}\u{202E}\u{FEFF}\u{1F9EA}\"\\"
    #expect(
      JSONValue.yamlScalar(text)
        == #""\u0000\u000a\u007f\u0085\u2028\u202e\ufeff\U0001f9ea\"\\""#)
  }
}
