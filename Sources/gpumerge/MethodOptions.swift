import ArgumentParser
import GPUMerge

/// The options that say what to compute.
struct MethodOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The merge method: \(MergeMethods.all.map(\.name).joined(separator: ", ")). Without it, "
        + "weighted_average if there are weights, else simple_average.", valueName: "name"),
    completion: .list(MergeMethods.all.map(\.name)))
  var method: String?

  @Option(
    parsing: .unconditional,
    help: HelpText.parameter("weights", valueName: "numbers"),
    transform: { try Weights(parsing: $0) })
  var weights: Weights?

  @Flag(inversion: .prefixedNo, help: HelpText.parameter("normalize"))
  var normalize: Bool?

  @Option(parsing: .unconditional, help: HelpText.parameter("sparsity_ratio", valueName: "number"))
  var sparsityRatio: Double?

  @Flag(inversion: .prefixedNo, help: HelpText.parameter("rescale"))
  var rescale: Bool?

  @Flag(inversion: .prefixedNo, help: HelpText.parameter("only_on_linear_weights"))
  var onlyOnLinearWeights: Bool?

  @Option(parsing: .unconditional, help: HelpText.parameter("seed", valueName: "number"))
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "The type of the merged tensors: \(DType.averagedNames). Without it, each has the type it has "
        + "in the base or first model.", valueName: "type"),
    completion: .list(DType.averaged.compactMap(\.torchName)),
    transform: { try DType(parsing: $0) })
  var dtype: DType?

  /// The method parameters that were given, by the names they have in `MergeMethods`.
  var parameters: [MethodParameter] {
    var parameters: [MethodParameter] = []
    func add(_ name: String, _ value: MethodParameter.Value?) {
      if let value { parameters.append(MethodParameter(name, value)) }
    }
    add("weights", weights.map { .numbers($0.values) })
    add("normalize", normalize.map { .flag($0) })
    add("sparsity_ratio", sparsityRatio.map { .number($0) })
    add("rescale", rescale.map { .flag($0) })
    add("only_on_linear_weights", onlyOnLinearWeights.map { .flag($0) })
    add("seed", seed.map { .integer($0) })
    return parameters
  }
}
