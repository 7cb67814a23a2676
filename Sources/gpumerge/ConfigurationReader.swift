import GPUMerge
import SystemPackage
import Yams

/// Turns YAML into a configuration, strictly: what it does not know is an error, because a misspelt
/// key that is ignored gives a wrong model.
struct ConfigurationReader {
  let file: FilePath

  private static let keys = [
    "merge_method", "base_model", "models", "parameters", "dtype", "out_dtype",
  ]
  private static let modelKeys = ["model", "parameters"]

  /// Reads the whole file.
  func configuration(_ root: Node) throws(GPUMergeError) -> Configuration {
    var configuration = Configuration(file: file)
    var workingType: DType?
    var outputType: DType?
    for entry in try entries(of: root, "the configuration") {
      switch entry.key {
      case "merge_method": configuration.method = located(try string(entry), entry.value)
      case "base_model": configuration.base = try path(entry)
      case "models": configuration.models = try models(entry)
      case "parameters": try readParameters(entry, into: &configuration)
      case "dtype": workingType = try type(entry)
      case "out_dtype": outputType = try type(entry)
      default: throw unknown(entry, among: Self.keys)
      }
    }
    configuration.dtype = outputType ?? workingType
    return configuration
  }

  private func models(_ entry: Entry) throws(GPUMergeError) -> [Configuration.Model] {
    guard case .sequence(let nodes) = entry.value, !nodes.isEmpty else {
      throw wrong(entry.value, "models must be a list of models")
    }
    var models: [Configuration.Model] = []
    for node in nodes { models.append(try model(node)) }
    return models
  }

  /// A path, or a mapping with `model` and maybe `parameters`.
  private func model(_ node: Node) throws(GPUMergeError) -> Configuration.Model {
    if case .scalar = node {
      let entry = Entry(key: "model", keyLine: line(of: node), value: node)
      return Configuration.Model(path: try path(entry), line: entry.keyLine)
    }
    var path: FilePath?
    var weight: Configuration.Located<Double>?
    for entry in try entries(of: node, "a model") {
      switch entry.key {
      case "model": path = try self.path(entry)
      case "parameters": weight = try modelWeight(entry)
      default: throw unknown(entry, among: Self.modelKeys)
      }
    }
    guard let path else { throw wrong(node, "the key 'model' is missing") }
    return Configuration.Model(path: path, weight: weight, line: line(of: node))
  }

  private func modelWeight(_ entry: Entry) throws(GPUMergeError) -> Configuration.Located<Double>? {
    var weight: Configuration.Located<Double>?
    for parameter in try entries(of: entry.value, "parameters") {
      guard parameter.key == "weight" else { throw unknown(parameter, among: ["weight"]) }
      weight = located(try number(parameter), parameter.value)
    }
    return weight
  }

  private func readParameters(
    _ entry: Entry, into configuration: inout Configuration
  ) throws(GPUMergeError) {
    for parameter in try entries(of: entry.value, "parameters") {
      if parameter.key == "weight" {
        configuration.weight = located(try number(parameter), parameter.value)
      } else {
        let value = MethodParameter(parameter.key, try self.value(parameter))
        configuration.parameters.append(
          Configuration.Located(value: value, line: parameter.keyLine))
      }
    }
  }

  private func unknown(_ entry: Entry, among keys: [String]) -> GPUMergeError {
    let suggestion = nearest(to: entry.key, in: keys).map { "Did you mean \($0)?" }
    return GPUMergeError(
      .configuration, "there is no key '\(escaped(entry.key))' here",
      advice: suggestion ?? "The keys are \(keys.joined(separator: ", "))"
    ).located(in: file, line: entry.keyLine)
  }
}

// MARK: - Values

extension ConfigurationReader {
  /// A key of a mapping with its value.
  fileprivate struct Entry {
    var key: String
    var keyLine: Int
    var value: Node
  }

  /// A mapping's entries; keys without a value are as if they were not there.
  fileprivate func entries(of node: Node, _ noun: String) throws(GPUMergeError) -> [Entry] {
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

  fileprivate func string(_ entry: Entry) throws(GPUMergeError) -> String {
    guard case .scalar(let scalar) = entry.value else {
      throw wrong(entry.value, "\(escaped(entry.key)) must be a text")
    }
    return scalar.string
  }

  /// A path, relative to the folder of the configuration file.
  fileprivate func path(_ entry: Entry) throws(GPUMergeError) -> FilePath {
    let text = try string(entry)
    guard !text.isEmpty, !text.utf8.contains(0) else {
      throw wrong(entry.value, "\(escaped(entry.key)) must be the name of a file")
    }
    return file.removingLastComponent().pushing(FilePath(text))
  }

  fileprivate func type(_ entry: Entry) throws(GPUMergeError) -> DType {
    let text = try string(entry)
    do throws(GPUMergeError) {
      return try DType(parsing: text)
    } catch {
      throw error.located(in: file, line: line(of: entry.value))
    }
  }

  fileprivate func number(_ entry: Entry) throws(GPUMergeError) -> Double {
    guard let number = plainText(entry.value).flatMap(Self.number) else {
      throw wrong(entry.value, "\(escaped(entry.key)) must be one number")
    }
    return number
  }

  /// A parameter's value, whose type the text alone decides.
  fileprivate func value(_ entry: Entry) throws(GPUMergeError) -> MethodParameter.Value {
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

  fileprivate func located<T>(_ value: T, _ node: Node) -> Configuration.Located<T> {
    Configuration.Located(value: value, line: line(of: node))
  }

  fileprivate func wrong(_ node: Node, _ problem: String) -> GPUMergeError {
    GPUMergeError(.configuration, problem).located(in: file, line: line(of: node))
  }

  fileprivate func line(of node: Node) -> Int { node.mark?.line ?? 1 }

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
