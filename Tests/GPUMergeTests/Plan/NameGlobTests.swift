import GPUMerge
import Testing

@Suite("Patterns of tensor names")
struct NameGlobTests {
  /// What Python's fnmatch.fnmatchcase says of the same pairs.
  private static let matching: [(String, String)] = [
    ("*", ""), ("*", "a.b"), ("model.*", "model.layers.0.weight"), ("*.weight", "a.b.weight"),
    ("*norm*", "model.layers.0.input_layernorm.weight"), ("a?c", "abc"), ("a?c", "a.c"),
    ("a?c", "a\u{e9}c"), ("layers.[0-3].w", "layers.2.w"), ("layers.[!0-3].w", "layers.7.w"),
    ("[]]", "]"), ("[!]]", "x"), ("[a-]", "-"), ("[", "["), ("a[b", "a[b"), ("[*]", "*"),
    ("*a*b*", "xxaxxbxx"), ("**", "x"), ("a**", "a"), ("[?]", "?"), ("[a-cx-z]", "y"),
    ("[^a]", "^"), ("[^a]", "a"), ("[!^]", "a"), ("[!z-a]", "m"), ("[--0]", "."),
  ]

  private static let other: [(String, String)] = [
    ("", "a"), ("model", "model.a"), ("*.weight", "weight"), ("a?c", "ac"), ("a?c", "abbc"),
    ("layers.[0-3].w", "layers.4.w"), ("layers.[0-3].w", "layers.12.w"), ("[!a]", "a"),
    ("*a*b*", "xxbxxaxx"), ("[z-a]", "m"), ("[^a]", "b"), ("Model.*", "model.a"), ("[*]", "a"),
    ("a*", "ba"),
    ("e\u{301}", "\u{e9}"),
  ]

  @Test("match as in fnmatch", arguments: matching)
  func matches(pattern: String, name: String) {
    #expect(NameGlob(pattern).matches(TensorName(name)))
  }

  @Test("describe the whole name, byte by byte", arguments: other)
  func doesNotMatch(pattern: String, name: String) {
    #expect(!NameGlob(pattern).matches(TensorName(name)))
  }

  @Test("take no exponential time")
  func time() {
    let name = TensorName(String(repeating: "a", count: 5000))
    #expect(!NameGlob(String(repeating: "*a", count: 30) + "b").matches(name))
  }

  @Test(
    "escaped names match themselves and nothing else", arguments: ["a*b", "[x]", "w?", "plain"])
  func escaping(name: String) {
    let glob = NameGlob(NameGlob.escaping(TensorName(name)))
    #expect(glob.matches(TensorName(name)))
    #expect(!glob.matches("aab") && !glob.matches("x") && !glob.matches("wx"))
  }
}
