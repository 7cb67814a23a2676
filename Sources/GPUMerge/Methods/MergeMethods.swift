/// All merge methods: the one table from which the command line, configuration files, help texts and
/// tests know them.
public enum MergeMethods {
  /// Every method, in the order in which help lists them.
  public static let all: [MethodRow] = [
    MethodRow(
      name: SimpleAverageAlgorithm.name,
      summary: "the mean of the models",
      requiresBase: SimpleAverageAlgorithm.requiresBase,
      parameters: []
    ) { _ throws(GPUMergeError) in SimpleAverageAlgorithm() },
    MethodRow(
      name: WeightedAverageAlgorithm.name, aliases: ["linear"],
      summary: "the weighted mean of the models",
      requiresBase: WeightedAverageAlgorithm.requiresBase,
      parameters: [
        ParameterRow("weights", .numbers, "one weight for each model, in their order"),
        ParameterRow(
          "normalize", .flag, "divide by the sum of the weights", default: .flag(true)),
      ]
    ) { values throws(GPUMergeError) in
      guard let weights = values.numbers("weights") else {
        throw GPUMergeError(
          .usage, "weighted_average needs a weight for each model",
          advice: "Give --weights, or a weight for each model of the configuration")
      }
      return WeightedAverageAlgorithm(
        weights: weights, normalize: values.flag("normalize") ?? true)
    },
    MethodRow(
      name: DareSimpleAverage.name,
      summary: "the base model plus the mean of the models' differences to it, of which a part is "
        + "dropped at random",
      requiresBase: DareSimpleAverage.requiresBase,
      parameters: [
        ParameterRow(
          "sparsity_ratio", .number, "the probability, in 0...1, of dropping an element",
          default: .number(0.5)),
        ParameterRow(
          "rescale", .flag, "divide what is kept by 1 - sparsity_ratio", default: .flag(true)),
        ParameterRow(
          "only_on_linear_weights", .flag, "drop only in weight matrices of linear layers",
          default: .flag(false)),
        ParameterRow("seed", .integer, "the seed of the random numbers", default: .integer(0)),
      ]
    ) { values throws(GPUMergeError) in
      DareSimpleAverage(
        sparsityRatio: values.number("sparsity_ratio") ?? 0.5,
        rescale: values.flag("rescale") ?? true,
        onlyOnLinearWeights: values.flag("only_on_linear_weights") ?? false,
        seed: values.integer("seed") ?? 0)
    },
  ]

  /// The row of a name or an alias.
  public static func row(named name: String) throws(GPUMergeError) -> MethodRow {
    if let row = all.first(where: { $0.name == name || $0.aliases.contains(name) }) { return row }
    let names = all.flatMap { [$0.name] + $0.aliases }
    let list = "The methods are \(names.joined(separator: ", "))"
    guard !others.contains(name) else {
      throw GPUMergeError(
        .usage, "gpumerge does not support the merge method '\(name)'", advice: list)
    }
    let advice = nearest(to: name, in: names).map { "Did you mean \($0)?" }
    throw GPUMergeError(
      .usage, "there is no merge method '\(escaped(name))'", advice: advice ?? list)
  }

  /// Methods of mergekit and FusionBench that are not misspelt, but not here.
  private static let others: Set<String> = [
    "ties", "dare_ties", "dare_linear", "slerp", "nuslerp", "multislerp", "task_arithmetic",
    "breadcrumbs", "breadcrumbs_ties", "della", "della_linear", "model_stock", "nearswap", "sce",
    "karcher", "arcee_fusion", "passthrough", "ties_merging", "dare_task_arithmetic",
    "dare_ties_merging", "fisher_merging", "regmean",
  ]
}

/// A merge method as the command line and configuration files see it.
public struct MethodRow: Sendable {
  /// The name in FusionBench.
  public let name: String
  /// Other names, such as mergekit's.
  public let aliases: [String]
  /// What the method computes, as a noun phrase.
  public let summary: String
  /// Whether the method needs a base model.
  public let requiresBase: Bool
  /// The parameters it knows.
  public let parameters: [ParameterRow]
  private let make: @Sendable (ParameterValues) throws(GPUMergeError) -> any MergeAlgorithm

  package init(
    name: String, aliases: [String] = [], summary: String, requiresBase: Bool,
    parameters: [ParameterRow],
    make: @escaping @Sendable (ParameterValues) throws(GPUMergeError) -> any MergeAlgorithm
  ) {
    self.name = name
    self.aliases = aliases
    self.summary = summary
    self.requiresBase = requiresBase
    self.parameters = parameters
    self.make = make
  }

  /// The method with these parameters; the others have their defaults.
  ///
  /// - Throws: ``GPUMergeError`` of kind `usage` for a parameter that the method does not have, or of
  ///   the wrong type, or that is missing.
  public func algorithm(
    _ parameters: [MethodParameter]
  ) throws(GPUMergeError) -> any MergeAlgorithm {
    var values = ParameterValues()
    for parameter in parameters {
      let checked = try checked(parameter)
      values.set(checked.name, checked.value)
    }
    return try make(values)
  }

  /// The parameter with a value of its type.
  ///
  /// - Throws: ``GPUMergeError`` of kind `usage` for a parameter that the method does not have, or of
  ///   the wrong type.
  package func checked(_ parameter: MethodParameter) throws(GPUMergeError) -> MethodParameter {
    guard let row = parameters.first(where: { $0.name == parameter.name }) else {
      throw unknown(parameter.name)
    }
    return MethodParameter(row.name, try row.checked(parameter.value))
  }

  private func unknown(_ parameter: String) -> GPUMergeError {
    let names = parameters.map(\.name)
    let known =
      names.isEmpty ? "It has no parameters" : "It has \(names.joined(separator: ", "))"
    let suggestion = nearest(to: parameter, in: names).map { "Did you mean \($0)?" }
    return GPUMergeError(
      .usage, "\(name) has no parameter '\(escaped(parameter))'", advice: suggestion ?? known)
  }
}

/// A parameter of a method.
public struct ParameterRow: Sendable {
  /// The name in recipes and, with hyphens, on the command line.
  public let name: String
  /// The type of its value.
  public let kind: Kind
  /// What it means, as a noun or verb phrase.
  public let summary: String
  /// The value it has when none is given; nil if one must be given.
  public let defaultValue: MethodParameter.Value?

  /// The types of values.
  public enum Kind: String, Sendable {
    /// true or false.
    case flag = "true or false"
    /// A whole number from 0.
    case integer = "a whole number from 0"
    /// A real number.
    case number = "a number"
    /// One real number for each model.
    case numbers = "a number for each model"
  }

  package init(
    _ name: String, _ kind: Kind, _ summary: String,
    default defaultValue: MethodParameter.Value? = nil
  ) {
    self.name = name
    self.kind = kind
    self.summary = summary
    self.defaultValue = defaultValue
  }

  fileprivate func checked(
    _ value: MethodParameter.Value
  ) throws(GPUMergeError) -> MethodParameter.Value {
    switch (kind, value) {
    case (.flag, .flag), (.integer, .integer), (.number, .number), (.numbers, .numbers): value
    case (.number, .integer(let integer)): .number(Double(integer))
    default:
      throw GPUMergeError(.usage, "\(name) is \(value), but must be \(kind.rawValue)")
    }
  }
}

/// Parameter values that were checked against a method's row.
package struct ParameterValues: Sendable {
  private var values: [String: MethodParameter.Value] = [:]

  mutating func set(_ name: String, _ value: MethodParameter.Value) { values[name] = value }

  func flag(_ name: String) -> Bool? {
    if case .flag(let value)? = values[name] { value } else { nil }
  }

  func integer(_ name: String) -> UInt64? {
    if case .integer(let value)? = values[name] { value } else { nil }
  }

  func number(_ name: String) -> Double? {
    if case .number(let value)? = values[name] { value } else { nil }
  }

  func numbers(_ name: String) -> [Double]? {
    if case .numbers(let value)? = values[name] { value } else { nil }
  }
}
