import Foundation
import GPUMerge
import Testing

@Suite("JSON scanner")
struct JSONScannerTests {
  private func isAccepted(_ text: String, depth: Int = 128) -> Bool {
    do throws(GPUMergeError) {
      var scanner = try JSONScanner(Array(text.utf8), depthLimit: depth)
      try scanner.skipValue()
      try scanner.end()
      return true
    } catch {
      return false
    }
  }

  @Test(
    "JSON of every kind is accepted",
    arguments: [
      "0", "-0", "10", "-1.5", "1e5", "1E+05", "1.25e-7", "true", "false", "null", #""""#, "[]",
      "{}", " [ 1 , [ ] , { } ] ", #"{"a":{"b":[null,{"c":"d"}]},"e":1}"#, #""\u00e9\ud83d\ude00""#,
      "\"\u{7F}\u{10FFFF}\"", "\t\r\n 1 \t\r\n",
    ])
  func accepted(text: String) throws {
    #expect(isAccepted(text))
    // An independent parser agrees.
    let data = Data(text.utf8)
    #expect(throws: Never.self) {
      try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
    }
  }

  @Test(
    "what is not JSON is refused",
    arguments: [
      "", " ", "01", "-", "-01", "+1", ".5", "1.", "1.e5", "1e", "1e+", "0x1", "NaN", "Infinity",
      "-Infinity", "True", "nul", "nulll", "truefalse", "[1,]", "[,1]", "[1 2]", "[1", "]", "{]",
      "[}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{1:1}"#, #"{"a":1 "b":2}"#, "'a'",
      "\"\\\u{1}\"", "\u{FEFF}1", "1 1", "[1]]", "\u{A0}1", "// a\n1", "1\0", #""\U0041""#,
    ])
  func refused(text: String) {
    #expect(!isAccepted(text))
  }

  @Test("nesting stops at the limit")
  func depth() {
    func nested(_ count: Int) -> String {
      String(repeating: #"{"a":["#, count: count) + String(repeating: "]}", count: count)
    }
    #expect(isAccepted(nested(64)))
    #expect(!isAccepted("[" + nested(64) + "]"))
    #expect(isAccepted(nested(500_000), depth: 1_000_000))
  }

  @Test("a string's escapes become their bytes")
  func escapes() throws {
    let text = Array(#""\"\\\/\b\f\n\r\tA\u0041\u00e9\u20AC\ud83d\uDE00\u0000é""#.utf8)
    var scanner = try JSONScanner(text)
    let string = try scanner.string("a string")
    let expected = "\"\\/\u{8}\u{C}\n\r\tAA\u{E9}\u{20AC}\u{1F600}\u{0}\u{E9}"
    #expect(string.unescaped(in: text) == Array(expected.utf8))
    #expect(string.value(in: text) == expected)
    #expect(JSONString(checkedAt: string.start, in: text) == string)
  }

  @Test("keys are compared by their bytes, not by canonical equivalence")
  func canonicalEquivalence() {
    #expect(isAccepted(#"{"caf\u00e9":1,"cafe\u0301":2}"#))
    #expect(!isAccepted(#"{"caf\u00e9":1,"café":2}"#.precomposedStringWithCanonicalMapping))
  }

  @Test("a duplicate is found among any number of keys", arguments: [1, 2, 7, 8, 9, 32, 33, 5000])
  func duplicates(count: Int) {
    let keys = (0..<count).map { "\"key\($0)\":\($0)" }
    #expect(isAccepted("{\(keys.joined(separator: ","))}"))
    for index in [0, count / 2, count - 1] {
      #expect(!isAccepted("{\((keys + ["\"\\u006bey\(index)\":0"]).joined(separator: ","))}"))
    }
  }

  @Test("an object does not inherit the keys of another")
  func freshKeys() {
    let large = (0..<100).map { "\"k\($0)\":{\"k\":1}" }.joined(separator: ",")
    #expect(isAccepted("[{\(large)},{\(large)},{\"k1\":1},{\"k1\":1}]"))
  }

  @Test(
    "an unsigned integer is read to its last bit",
    arguments: [
      ("0", 0), ("7", 7), ("4294967296", 1 << 32), ("9223372036854775808", 1 << 63),
      ("18446744073709551615", .max), ("18446744073709551616", nil), ("99999999999999999999", nil),
      ("00", nil), ("-1", nil), ("1.0", nil), ("1e1", nil), ("\"1\"", nil), ("", nil),
    ] as [(String, UInt64?)])
  func integers(text: String, value: UInt64?) {
    func read() throws(GPUMergeError) -> UInt64 {
      var scanner = try JSONScanner(Array(text.utf8))
      return try scanner.unsignedInteger("an integer")
    }
    #expect((try? read()) == value)
  }

  @Test("errors count bytes from the start of the file")
  func offsets() throws {
    var scanner = try JSONScanner(Array("[1, x]".utf8), fileOffset: 1000, errorKind: .configuration)
    let error = #expect(throws: GPUMergeError.self) { try scanner.skipValue() }
    #expect(error?.offset == 1004)
    #expect(error?.kind == .configuration)
    #expect(error?.problem == "the text cannot be read: expected a value, found 'x'")
  }
}
