extension PlanBuilder {
  /// Adds the step that merges the tensors that models have for a name.
  ///
  /// `own` is the reference's tensor, unless it lacks it; `present`, which is not empty, are the models'
  /// with the models' positions.
  mutating func merge(
    _ name: TensorName, own: TensorInfo?, _ present: [(model: Int, tensor: TensorInfo)]
  ) throws(GPUMergeError) -> TensorFate {
    guard let first = present.first else {
      throw GPUMergeError(.internal, "there is nothing to merge", subject: name.description)
    }
    let expected = own ?? first.tensor
    var output = OutputTensor(name: name, dtype: expected.dtype, shape: expected.shape)
    var fate = TensorFate(.merged, name: name, dtype: output.dtype, shape: output.shape)
    guard checkShapes(name, expected, present), checkTypes(name, expected, present) else {
      return fate
    }
    let tensors = present.map(\.tensor)
    guard expected.dtype.isAveraged else {
      let others = planner.base == nil || own == nil ? tensors.dropFirst() : tensors[...]
      return copyIdentical(expected, as: output, comparedWith: Array(others))
    }
    output.dtype = planner.dtype ?? expected.dtype
    fate.dtype = output.dtype
    let operation = try planner.algorithm.operation(
      on: output, hasBase: own != nil, of: present, modelCount: models.count)
    fate.modelCount = tensors.count
    fate.reason = reason(present.count, own: own)
    if tensors.count == 1, operation.isIdentityForOneModel, output.dtype == first.tensor.dtype {
      result.steps.append(Step(output: output, action: .copy(tensors)))
      fate.kind = .copied
      fate.reason = models.count == 1 ? "there is one model" : "only in \(list([first.model]))"
      return fate
    }
    result.steps.append(
      Step(
        output: output,
        action: .merge(operation, models: tensors, base: operation.usesBase ? own : nil)))
    return fate
  }

  private func reason(_ count: Int, own: TensorInfo?) -> String? {
    if own == nil, type(of: planner.algorithm).requiresBase {
      return "\(reference.messageLabel) lacks it: the mean of \(count) of \(models.count) models"
    }
    return count < models.count ? "in \(count) of \(models.count) models" : nil
  }

  private mutating func copyIdentical(
    _ tensor: TensorInfo, as output: OutputTensor, comparedWith others: [TensorInfo]
  ) -> TensorFate {
    result.steps.append(
      Step(
        output: output, action: .copy([tensor] + others),
        acceptsDifferences: selection.integers == .first && tensor.dtype.isInteger))
    return TensorFate(
      .copied, name: output.name, dtype: output.dtype, shape: output.shape,
      reason: "\(tensor.dtype.displayName) is not averaged")
  }

  // MARK: Checks, which note what is wrong

  private mutating func checkShapes(
    _ name: TensorName, _ expected: TensorInfo, _ present: [(model: Int, tensor: TensorInfo)]
  ) -> Bool {
    var fits = true
    for (model, tensor) in present where tensor.shape != expected.shape {
      differences[model].shapes.append(
        ModelDifference.Shape(name: name, shape: tensor.shape, expected: expected.shape))
      fits = false
    }
    return fits
  }

  /// Averaged types may be mixed with each other; all other types only with themselves.
  private mutating func checkTypes(
    _ name: TensorName, _ expected: TensorInfo, _ present: [(model: Int, tensor: TensorInfo)]
  ) -> Bool {
    for (model, tensor) in present where tensor.dtype != expected.dtype {
      guard !tensor.dtype.isAveraged || !expected.dtype.isAveraged else { continue }
      typeError =
        typeError
        ?? GPUMergeError(
          .dtypeMismatch,
          "the tensor is \(tensor.dtype.displayName) here and \(expected.dtype.displayName) in "
            + "\(reference.messageLabel)",
          file: models[model].path, subject: name.description,
          advice: "Only floating-point types can be mixed; --keep PATTERN copies a tensor instead")
      return false
    }
    return checkQuantization(name, present)
  }

  /// Weights that need scales, and the scales, are refused unless there is nothing to compute.
  private mutating func checkQuantization(
    _ name: TensorName, _ present: [(model: Int, tensor: TensorInfo)]
  ) -> Bool {
    guard present.count > 1 || planner.base != nil else { return true }
    for (model, partners) in quantized.enumerated() {
      guard let partner = partners[name] else { continue }
      let owner = model < models.count ? models[model] : reference
      typeError =
        typeError
        ?? GPUMergeError(
          .dtypeMismatch,
          "the tensor belongs together with '\(escaped(partner.description))': weights quantized "
            + "with scales cannot be merged",
          file: owner.path, subject: name.description,
          advice: "Dequantize the models first, to bfloat16 for example, or copy such tensors with "
            + "--keep PATTERN")
      return false
    }
    return true
  }
}

extension MergeAlgorithm {
  /// The arithmetic over the tensors that are present.
  fileprivate func operation(
    on output: OutputTensor, hasBase: Bool, of present: [(model: Int, tensor: TensorInfo)],
    modelCount: Int
  ) throws(GPUMergeError) -> ElementwiseOperation {
    let description = TensorDescription(name: output.name, shape: output.shape)
    guard present.count < modelCount || !hasBase else {
      return operation(on: description, modelCount: modelCount)
    }
    // Without a base there are no differences to drop; the mean of what the models have is what
    // these methods come to when nothing is dropped.
    let lacksBase = !hasBase && Self.requiresBase
    let algorithm: any MergeAlgorithm = lacksBase ? SimpleAverageAlgorithm() : self
    do throws(GPUMergeError) {
      return try algorithm.operation(
        on: description, positions: present.map(\.model), modelCount: modelCount)
    } catch {
      var error = error
      error.subject = output.name.description
      throw error
    }
  }
}
