import GPUMerge

/// The method and its parameters, from the command line over the configuration file.
struct MethodChoice {
  let options: MethodOptions
  let configuration: Configuration?

  /// The method with its parameters, checked as far as that goes without opening a file.
  func algorithm(modelCount: Int) throws(GPUMergeError) -> any MergeAlgorithm {
    let row = try row()
    var parameters: [MethodParameter] = []
    for parameter in options.parameters {
      parameters.append(try checked(parameter, row))
    }
    if let configuration {
      let given = Set(parameters.map(\.name))
      parameters += try configuration.methodParameters(of: row, except: given)
    }
    let algorithm = try row.algorithm(parameters)
    try algorithm.validate(modelCount: modelCount)
    return algorithm
  }

  private func row() throws(GPUMergeError) -> MethodRow {
    if let name = options.method { return try MergeMethods.row(named: name) }
    if let row = try configuration?.methodRow() { return row }
    let hasWeights = options.weights != nil || configuration?.hasWeights == true
    return try MergeMethods.row(
      named: hasWeights ? WeightedAverageAlgorithm.name : SimpleAverageAlgorithm.name)
  }

  /// Says which method an option belongs to, where it is not this one.
  private func checked(
    _ parameter: MethodParameter, _ row: MethodRow
  ) throws(GPUMergeError) -> MethodParameter {
    guard !row.parameters.contains(where: { $0.name == parameter.name }) else {
      return try row.checked(parameter)
    }
    let owners = MergeMethods.all.filter { owner in
      owner.parameters.contains { $0.name == parameter.name }
    }
    throw GPUMergeError(
      .usage, "\(row.name) has no \(HelpText.option(parameter.name))",
      advice: "It is for --method \(owners.map(\.name).joined(separator: " or "))")
  }
}
