import Foundation
@testable import GPUMerge
import Yams

extension FuzzTarget {
  static let json = FuzzTarget("json") { bytes in
    let scans = Result { () throws(GPUMergeError) in
      var scanner = try JSONScanner(bytes)
      try scanner.skipValue()
      try scanner.end()
    }
    let value: JSONValue
    do throws(GPUMergeError) {
      value = try JSONValue(parsing: bytes)
    } catch {
      // Numbers beyond Double are the one thing that is refused only where values are wanted.
      let isAgreed = (try? scans.get()) == nil || error.problem.contains("number is too large")
      require(isAgreed, "only one of two readers refuses it: \(error)")
      throw error
    }
    try scans.get()
    require(
      (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil,
      "Foundation does not take it for JSON")
    for text in [value.text, value.indentedText] {
      let again = try? JSONValue(parsing: Array(text.utf8))
      require(again.map { isSame($0, value) } == true, "written as \(text), it reads differently")
    }
    checkYAML(of: value)
  }

  /// config.json with the type of the output put in, and with its ties untied.
  static let configDType = FuzzTarget("config-dtype") { bytes in
    let configuration = try ConfigurationEdit(of: bytes)
    let text = configuration.text(with: .bfloat16)
    let again = try ConfigurationEdit(of: text)
    require(again.text(with: .bfloat16) == text, "a second time changes more")
    guard let before = try? JSONValue(parsing: bytes) else { return }
    let untied = configuration.text(with: .bfloat16, untied: true)
    require((try? JSONValue(parsing: untied)) != nil, "untied, it is no JSON")
    let after = try JSONValue(parsing: text)
    require(isSame(withoutTypes(before), withoutTypes(after)), "more than types changed")
  }

  /// Strings compare by their bytes here, and a number may change its form.
  private static func isSame(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a.elementsEqual(b, by: isSame)
    case (.object(let a), .object(let b)):
      a.elementsEqual(b) { $0.key.utf8.elementsEqual($1.key.utf8) && isSame($0.value, $1.value) }
    default: a == b
    }
  }

  /// The value with one text for all types that may be replaced.
  private static func withoutTypes(_ value: JSONValue, key: String = "") -> JSONValue {
    switch value {
    case .string(let text) where ["dtype", "torch_dtype"].contains(key):
      let word = text.hasPrefix("torch.") ? String(text.dropFirst(6)) : text
      let names = ["float64", "float32", "float16", "bfloat16", "double", "float", "half"]
      return names.contains(word) ? .string("TYPE") : value
    case .array(let values): return .array(values.map { withoutTypes($0) })
    case .object(let members):
      return .object(
        members.map { JSONValue.Member($0.key, withoutTypes($0.value, key: $0.key)) })
    default: return value
    }
  }

  /// Recipes are written as YAML: a YAML reader must find the same texts in it.
  private static func checkYAML(of value: JSONValue) {
    let text = value.yamlText
    let root: Node?
    do {
      root = try Parser(yaml: text, encoding: .utf8).singleRoot()
    } catch {
      // Where keys differ in their accents' spelling only, Yams holds them for one.
      if case .duplicatedKeysInMapping = error as? YamlError { return }
      return require(false, "the YAML cannot be read: \(error)")
    }
    require(root.map { isSame($0, value) } == true, "the YAML reads differently: \(text)")
  }

  private static func isSame(_ node: Node, _ value: JSONValue) -> Bool {
    switch (node, value) {
    case (.scalar(let scalar), .string(let text)):
      // Whatever reads it must hold it for a text.
      scalar.string.utf8.elementsEqual(text.utf8)
        && (scalar.style == .doubleQuoted || node.tag == Tag(.str))
    case (.scalar(let scalar), .integer), (.scalar(let scalar), .unsigned),
      (.scalar(let scalar), .number), (.scalar(let scalar), .bool), (.scalar(let scalar), .null):
      scalar.string == value.text && scalar.style == .plain
    case (.sequence(let nodes), .array(let values)): nodes.elementsEqual(values, by: isSame)
    case (.mapping(let mapping), .object(let members)):
      mapping.count == members.count
        && Swift.zip(mapping, members).allSatisfy {
          isSame($0.key, .string($1.key)) && isSame($0.value, $1.value)
        }
    default: false
    }
  }
}
