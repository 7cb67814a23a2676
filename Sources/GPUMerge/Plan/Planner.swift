/// Turns opened models and a method into steps, or says why they do not fit together.
package struct Planner: Sendable {
  package var models: [LoadedModel]
  package var base: LoadedModel?
  package var algorithm: any MergeAlgorithm
  /// The type of all averaged tensors of the output; nil for the type of the base or first model.
  package var dtype: DType?
  package var selection: TensorSelection

  package init(
    models: [LoadedModel], base: LoadedModel?, algorithm: any MergeAlgorithm, dtype: DType?,
    selection: TensorSelection = TensorSelection()
  ) {
    self.models = models
    self.base = base
    self.algorithm = algorithm
    self.dtype = dtype
    self.selection = selection
  }

  /// The model that decides names, order and types: the base, else the first.
  package var reference: LoadedModel { base ?? models[0] }

  /// The reference's metadata without what it says about ties, which the output has its own of.
  package var carriedMetadata: [(key: String, value: String)] {
    let aliases = Set(reference.aliases)
    return reference.metadata.filter { !aliases.contains(TensorName($0.key)) }
  }

  /// Decides about every tensor of every model.
  package func plan() throws(GPUMergeError) -> TensorPlan {
    try validateRequest()
    var builder = try PlanBuilder(self)
    return try builder.plan()
  }

  private func validateRequest() throws(GPUMergeError) {
    let name = type(of: algorithm).name
    guard !models.isEmpty else {
      throw GPUMergeError(.usage, "there is no model to merge")
    }
    guard base != nil || !type(of: algorithm).requiresBase else {
      throw GPUMergeError(
        .usage, "\(name) needs a base model", advice: "Name it with --base or base_model")
    }
    if let dtype, !dtype.isAveraged {
      throw GPUMergeError(
        .usage, "the output cannot be \(dtype.torchName ?? "\(dtype)")",
        advice: "Choose one of \(DType.averagedNames)")
    }
    try algorithm.validate(modelCount: models.count)
  }
}

extension DType {
  /// The name that a user of PyTorch knows.
  package var displayName: String { torchName ?? safetensorsName ?? "unknown" }
}
