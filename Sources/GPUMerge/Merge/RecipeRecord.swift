/// The recipe as it is recorded in an output's metadata: what made it, and nothing that differs from
/// one machine or run to the next.
package enum RecipeRecord {
  /// The version of gpumerge.
  package static let version = "0.1.0"
  /// The metadata key.
  package static let key = "gpumerge"

  /// The output's metadata: the format, what the base or first model's file carried, the recipe.
  package static func metadata(
    algorithm: any MergeAlgorithm, modelCount: Int, dtype: DType?,
    selection: TensorSelection = TensorSelection(), carried: [(key: String, value: String)]
  ) -> [(key: String, value: String)] {
    let own = ["format", key]
    return [("format", "pt")] + carried.filter { !own.contains($0.key) } + [
      (
        key,
        json(algorithm: algorithm, modelCount: modelCount, dtype: dtype, selection: selection)
      )
    ]
  }

  /// A JSON object with the keys in a fixed order.
  package static func json(
    algorithm: any MergeAlgorithm, modelCount: Int, dtype: DType?,
    selection: TensorSelection = TensorSelection()
  ) -> String {
    var members = [
      ("version", "\"\(version)\""),
      ("method", "\"\(type(of: algorithm).name)\""),
      ("models", "\(modelCount)"),
    ]
    let parameters = algorithm.parameters.map { "\"\($0.name)\":\($0.value)" }
    members.append(("parameters", "{\(parameters.joined(separator: ","))}"))
    if let name = dtype?.torchName { members.append(("dtype", "\"\(name)\"")) }
    members += selection.members.map { ($0.0, $0.1.text) }
    return "{\(members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ","))}"
  }
}

extension TensorSelection {
  /// What is not the default, by the names that configurations have for it.
  package var members: [(String, JSONValue)] {
    let standard = TensorSelection()
    var members: [(String, JSONValue)] = []
    if missing != standard.missing { members.append(("missing", .string(missing.rawValue))) }
    if !keep.isEmpty { members.append(("keep", .array(keep.map(JSONValue.string)))) }
    if !only.isEmpty { members.append(("only", .array(only.map(JSONValue.string)))) }
    if backboneOnly { members.append(("backbone_only", .bool(true))) }
    if tiesAsBase { members.append(("tied", .bool(true))) }
    if integers != standard.integers { members.append(("integers", .string(integers.rawValue))) }
    return members
  }
}

extension MethodParameter.Value: CustomStringConvertible {
  /// The value as JSON.
  public var description: String {
    switch self {
    case .flag(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .numbers(let values): "[\(values.map { "\($0)" }.joined(separator: ","))]"
    }
  }
}
