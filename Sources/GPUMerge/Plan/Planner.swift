/// Turns opened models and a method into steps, or says why they do not fit together.
package struct Planner: Sendable {
  package var models: [LoadedModel]
  package var base: LoadedModel?
  package var algorithm: any MergeAlgorithm
  /// The type of all averaged tensors of the output; nil for the type of the base or first model.
  package var dtype: DType?

  package init(
    models: [LoadedModel], base: LoadedModel?, algorithm: any MergeAlgorithm, dtype: DType?
  ) {
    self.models = models
    self.base = base
    self.algorithm = algorithm
    self.dtype = dtype
  }

  /// The model that decides names, order and types: the base, else the first.
  package var reference: LoadedModel { base ?? models[0] }

  /// One step for each tensor of the reference, in its order.
  package func steps() throws(GPUMergeError) -> [Step] {
    try validateRequest()
    let others = base == nil ? models.dropFirst() : models[...]
    for model in others {
      try ModelMismatch.check(model, against: reference)
    }
    var steps: [Step] = []
    steps.reserveCapacity(reference.tensors.count)
    for tensor in reference.tensors {
      steps.append(try step(for: tensor))
    }
    return steps
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

  private func step(for reference: TensorInfo) throws(GPUMergeError) -> Step {
    let tensors = models.compactMap { $0.tensor(named: reference.name) }
    try checkTypes(reference, tensors)
    guard reference.dtype.isAveraged else {
      return copy(reference, comparedWith: base == nil ? tensors.dropFirst() : tensors[...])
    }
    let description = TensorDescription(name: reference.name, shape: reference.shape)
    let operation = algorithm.operation(on: description, modelCount: models.count)
    let output = OutputTensor(
      name: reference.name, dtype: dtype ?? reference.dtype, shape: reference.shape)
    if base == nil, operation.isIdentityForOneModel, output.dtype == reference.dtype {
      return copy(reference, comparedWith: [])
    }
    return Step(
      output: output,
      action: .merge(operation, models: tensors, base: operation.usesBase ? reference : nil))
  }

  private func copy(_ reference: TensorInfo, comparedWith others: ArraySlice<TensorInfo>) -> Step {
    let output = OutputTensor(
      name: reference.name, dtype: reference.dtype, shape: reference.shape)
    return Step(output: output, action: .copy([reference] + others))
  }

  /// Averaged types may be mixed with each other; all other types only with themselves.
  private func checkTypes(_ reference: TensorInfo, _ tensors: [TensorInfo]) throws(GPUMergeError) {
    for (model, tensor) in zip(models, tensors) where tensor.dtype != reference.dtype {
      guard !tensor.dtype.isAveraged || !reference.dtype.isAveraged else { continue }
      throw GPUMergeError(
        .dtypeMismatch,
        "the tensor is \(tensor.dtype.displayName) here and \(reference.dtype.displayName) in "
          + "\(self.reference.label)",
        file: model.path, subject: tensor.name.description,
        advice: "Only these can be mixed: \(DType.averagedNames)")
    }
  }
}

extension DType {
  /// The name that a user of PyTorch knows.
  package var displayName: String { torchName ?? safetensorsName ?? "unknown" }
}
