package import SystemPackage

/// The recipe beside an output folder's weights: a configuration that makes the same folder again, bit
/// for bit.
package struct OutputRecipe {
  /// How the recipe calls the models, in order.
  package let models: [String]
  package let base: String?
  /// The weight of each model, if the method has weights.
  package let weights: [Double]?
  private let json: JSONValue
  /// Why the recipe cannot be given to `--config`, or nil if it can.
  package let obstacle: String?

  /// Describes a merge to a folder.
  package init(
    of merge: Merge, maxShardByteCount: Int, folder: FilePath
  ) throws(GPUMergeError) {
    let planner = merge.planner
    let path = try RecipePath(relativeTo: folder)
    var names: [String] = []
    for model in planner.models { names.append(try Self.name(of: model, path)) }
    models = names
    base = if let base = planner.base { try Self.name(of: base, path) } else { nil }
    let all = planner.models + [planner.base].compactMap(\.self)
    obstacle =
      if all.contains(where: { $0.path == nil }) {
        "some of the models were in memory"
      } else if all.contains(where: { $0.path.map { FilePath($0.string) != $0 } ?? false }) {
        "the path of a model is not UTF-8 text"
      } else {
        nil
      }
    let weights = planner.algorithm.parameters.lazy.compactMap(\.weights).first
    self.weights = weights?.count == models.count ? weights : nil
    json = .object(
      Self.sources(models, base: base, weights: self.weights, planner.algorithm)
        + Self.options(merge.options) + [("max_shard_size", .integer(maxShardByteCount))])
  }

  /// The recipe in mergekit's schema, as YAML.
  package var text: String { json.yamlText }

  private static func sources(
    _ models: [String], base: String?, weights: [Double]?, _ algorithm: any MergeAlgorithm
  ) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [("merge_method", .string(type(of: algorithm).name))]
    if let base { members.append(("base_model", .string(base))) }
    let rows = models.indices.map { index in
      var row = [("model", JSONValue.string(models[index]))]
      if let weights {
        row.append(("parameters", .object([("weight", .number(weights[index]))])))
      }
      return JSONValue.object(row)
    }
    members.append(("models", .array(rows)))
    let parameters = algorithm.parameters.filter { weights == nil || $0.weights == nil }
    if !parameters.isEmpty { members.append(("parameters", .parameters(parameters))) }
    return members
  }

  /// Every option that has a part in the result, by its key in configurations.
  private static func options(_ options: MergeOptions) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = []
    if let dtype = options.dtype?.torchName { members.append(("dtype", .string(dtype))) }
    members += options.selection.members
    if let root = options.reading.root { members.append(("root", .string(root))) }
    if let variant = options.reading.variant { members.append(("variant", .string(variant))) }
    if options.reading.allowsOpaqueObjects { members.append(("allow_opaque", .bool(true))) }
    if options.copiesCode { members.append(("copy_code", .bool(true))) }
    return members
  }

  /// What to call a model: its path, or its place on the Hub with the commit that was read.
  private static func name(
    of model: LoadedModel, _ path: RecipePath
  ) throws(GPUMergeError) -> String {
    if let reference = model.pinnedReference { return reference.description }
    guard let file = model.path else { return model.label }
    return try path(file).string
  }
}

extension LoadedModel {
  /// The model on the Hugging Face Hub, with the commit that was read.
  var pinnedReference: HubReference? {
    guard let commit = checkpoint?.commit, var reference = HubReference(parsing: label) else {
      return nil
    }
    reference.revision = commit
    return reference
  }
}

extension MethodParameter {
  /// The numbers of the parameter `weights`.
  fileprivate var weights: [Double]? {
    if name == "weights", case .numbers(let values) = value { values } else { nil }
  }
}
