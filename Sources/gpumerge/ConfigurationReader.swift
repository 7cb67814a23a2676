import GPUMerge
import Glibc
import SystemPackage
import Yams

/// Turns YAML into a configuration, strictly: what it does not know is an error, because a misspelt
/// key that is ignored gives a wrong model.
struct ConfigurationReader {
  let file: FilePath
  /// Whether the command line names another method than the file, so that the file's is none of ours.
  var ignoresMethod = false

  /// Where relative paths start: in the file's folder, or, if it is a pipe, in the working folder.
  var folder: FilePath { isRegularFile ? file.removingLastComponent() : "" }

  var isRegularFile: Bool {
    Folder.status(file).map { $0.st_mode & S_IFMT == S_IFREG } ?? false
  }

  private static let keys =
    [
      "merge_method", "base_model", "models", "parameters", "dtype", "out_dtype", "root", "variant",
      "allow_opaque", "copy_code", "max_shard_size",
    ] + selectionKeys
  private static let modelKeys = ["model", "parameters"]

  /// Reads the whole file.
  func configuration(_ root: Node) throws(GPUMergeError) -> Configuration {
    var configuration = Configuration(file: file)
    var workingType: DType?
    var outputType: DType?
    let entries = try entries(of: root, "the configuration")
    if let entry = entries.first(where: { $0.key == "merge_method" }) {
      configuration.method = located(try string(entry), entry.value)
      // Before anything else, as all that follows may be about a method that is not there.
      if !ignoresMethod { _ = try configuration.methodRow() }
    }
    for entry in entries {
      switch entry.key {
      case "merge_method": break
      case "base_model": configuration.base = try source(entry)
      case "models": configuration.models = try models(entry)
      case "parameters": try readParameters(entry, into: &configuration)
      case "dtype": workingType = try type(entry)
      case "out_dtype": outputType = try type(entry)
      default: try readOption(entry, into: &configuration)
      }
    }
    configuration.dtype = outputType ?? workingType
    return configuration
  }

  /// What mergekit does not have; the names are those of the command line's options.
  private func readOption(
    _ entry: Entry, into configuration: inout Configuration
  ) throws(GPUMergeError) {
    switch entry.key {
    case "root": configuration.root = try string(entry)
    case "variant": configuration.variant = try string(entry)
    case "allow_opaque": configuration.allowsOpaqueObjects = try flag(entry)
    case "copy_code": configuration.copiesCode = try flag(entry)
    case "max_shard_size": configuration.maxShardByteCount = try byteCount(entry)
    default:
      guard try readSelection(entry, into: &configuration.selection) else {
        throw unknown(entry, among: Self.keys)
      }
    }
  }

  private func models(_ entry: Entry) throws(GPUMergeError) -> [Configuration.Model] {
    guard case .sequence(let nodes) = entry.value, !nodes.isEmpty else {
      throw wrong(entry.value, "models must be a list of models")
    }
    var models: [Configuration.Model] = []
    for node in nodes { models.append(try model(node)) }
    return models
  }

  /// A name, or a mapping with `model` and maybe `parameters`.
  private func model(_ node: Node) throws(GPUMergeError) -> Configuration.Model {
    if case .scalar = node {
      let entry = Entry(key: "model", keyLine: line(of: node), value: node)
      return Configuration.Model(source: try source(entry), line: entry.keyLine)
    }
    var source: ModelSource?
    var weight: Configuration.Located<Double>?
    for entry in try entries(of: node, "a model") {
      switch entry.key {
      case "model": source = try self.source(entry)
      case "parameters": weight = try modelWeight(entry)
      default: throw unknown(entry, among: Self.modelKeys)
      }
    }
    guard let source else { throw wrong(node, "the key 'model' is missing") }
    return Configuration.Model(source: source, weight: weight, line: line(of: node))
  }

  private func modelWeight(_ entry: Entry) throws(GPUMergeError) -> Configuration.Located<Double>? {
    var weight: Configuration.Located<Double>?
    for parameter in try entries(of: entry.value, "parameters") {
      guard parameter.key == "weight" else { throw unknown(parameter, among: ["weight"]) }
      weight = located(try self.weight(parameter), parameter.value)
    }
    return weight
  }

  private func readParameters(
    _ entry: Entry, into configuration: inout Configuration
  ) throws(GPUMergeError) {
    for parameter in try entries(of: entry.value, "parameters") {
      if parameter.key == "weight" {
        configuration.weight = located(try weight(parameter), parameter.value)
      } else if let error = unsupported(parameter) {
        throw error
      } else {
        let value = MethodParameter(parameter.key, try self.value(parameter))
        configuration.parameters.append(
          Configuration.Located(value: value, line: parameter.keyLine))
      }
    }
  }

  private func unknown(_ entry: Entry, among keys: [String]) -> GPUMergeError {
    if let error = unsupported(entry) { return error }
    let suggestion = nearest(to: entry.key, in: keys).map { "Did you mean \($0)?" }
    return GPUMergeError(
      .configuration, "there is no key '\(escaped(entry.key))' here",
      advice: suggestion ?? "The keys are \(keys.joined(separator: ", "))"
    ).located(in: file, line: entry.keyLine)
  }
}
