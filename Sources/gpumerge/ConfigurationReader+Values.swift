import GPUMerge
import SystemPackage
import Yams

extension ConfigurationReader {
  /// A key of a mapping with its value.
  struct Entry {
    var key: String
    var keyLine: Int
    var value: Node
  }

  /// A mapping's entries; keys without a value are as if they were not there.
  func entries(of node: Node, _ noun: String) throws(GPUMergeError) -> [Entry] {
    guard case .mapping(let mapping) = node else {
      throw wrong(node, "\(noun) must be a mapping of keys to values")
    }
    var entries: [Entry] = []
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else { throw wrong(key, "a key must be a word") }
      guard !isNull(value) else { continue }
      entries.append(Entry(key: scalar.string, keyLine: line(of: key), value: value))
    }
    return entries
  }

  func string(_ entry: Entry) throws(GPUMergeError) -> String {
    guard case .scalar(let scalar) = entry.value else {
      throw wrong(entry.value, "\(escaped(entry.key)) must be a text")
    }
    return scalar.string
  }

  /// A model: a path, relative to the folder of the configuration file, or `org/name`.
  func source(_ entry: Entry) throws(GPUMergeError) -> ModelSource {
    try checkModelName(entry)
    let text = try string(entry)
    guard !text.isEmpty, !text.utf8.contains(0) else {
      throw wrong(entry.value, "\(escaped(entry.key)) must be the name of a file or folder")
    }
    return ModelSource(
      argument: folder.pushing(FilePath(text)), text: text)
  }

  func type(_ entry: Entry) throws(GPUMergeError) -> DType {
    let text = try string(entry)
    do throws(GPUMergeError) {
      return try DType(parsing: text)
    } catch {
      throw error.located(in: file, line: line(of: entry.value))
    }
  }

  func number(_ entry: Entry) throws(GPUMergeError) -> Double {
    guard let number = plainText(entry.value).flatMap(Self.number) else {
      throw wrong(entry.value, "\(escaped(entry.key)) must be one number")
    }
    return number
  }

  func flag(_ entry: Entry) throws(GPUMergeError) -> Bool {
    guard plainText(entry.value) != nil, case .flag(let value) = try? value(entry) else {
      throw wrong(entry.value, "\(escaped(entry.key)) must be true or false")
    }
    return value
  }

  /// An amount of data such as 5GB.
  func byteCount(_ entry: Entry) throws(GPUMergeError) -> Int {
    let text = try string(entry)
    do {
      return try ByteCount(parsing: text, minimum: 1).value
    } catch {
      throw wrong(entry.value, "\(escaped(entry.key)) must be a size such as 5GB")
    }
  }

  /// A parameter's value, whose type the text alone decides.
  func value(_ entry: Entry) throws(GPUMergeError) -> MethodParameter.Value {
    if case .sequence(let nodes) = entry.value {
      var numbers: [Double] = []
      for node in nodes {
        numbers.append(try number(Entry(key: entry.key, keyLine: entry.keyLine, value: node)))
      }
      return .numbers(numbers)
    }
    let text = plainText(entry.value)
    switch text?.lowercased() {
    case "true", "yes", "on": return .flag(true)
    case "false", "no", "off": return .flag(false)
    default: break
    }
    if let integer = text.flatMap({ UInt64($0) }) { return .integer(integer) }
    if let number = text.flatMap(Self.number) { return .number(number) }
    throw wrong(entry.value, "\(escaped(entry.key)) must be a number, true or false")
  }

  func located<T>(_ value: T, _ node: Node) -> Configuration.Located<T> {
    Configuration.Located(value: value, line: line(of: node))
  }

  func wrong(_ node: Node, _ problem: String) -> GPUMergeError {
    GPUMergeError(.configuration, problem).located(in: file, line: line(of: node))
  }

  func line(of node: Node) -> Int { node.mark?.line ?? 1 }

  /// The text of a scalar without quotes.
  private func plainText(_ node: Node) -> String? {
    guard case .scalar(let scalar) = node, scalar.style == .plain else { return nil }
    return scalar.string
  }

  private func isNull(_ node: Node) -> Bool {
    guard let text = plainText(node) else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// A finite number in decimal notation.
  private static func number(_ text: String) -> Double? {
    guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
      let number = Double(text), number.isFinite
    else { return nil }
    return number
  }
}
