/// Everything that is decided before any tensor data is read: what happens to each tensor, and
/// where its bytes go.
///
/// Depends on headers only.
package struct MergePlan: Sendable {
  /// One step for each output tensor, in the order of the base or first model.
  package var steps: [Step]
  /// Where the bytes go; `layout.tensorOffsets` is parallel to `steps`.
  package var layout: OutputLayout
  /// The indices of `steps`, by offset in the output.
  ///
  /// Steps without bytes are left out.
  package let stepsByOffset: [Int]
  /// The tensor bytes read from all models and the base.
  package let inputByteCount: Int
  /// The tensor bytes written.
  package let outputByteCount: Int

  package init(steps: [Step], layout: OutputLayout) {
    self.steps = steps
    self.layout = layout
    stepsByOffset = steps.indices.filter { steps[$0].output.byteCount > 0 }
      .sorted { layout.tensorOffsets[$0] < layout.tensorOffsets[$1] }
    inputByteCount = steps.reduce(0) { $0 + $1.inputByteCount }
    outputByteCount = steps.reduce(0) { $0 + $1.output.byteCount }
  }
}

/// What happens to one tensor.
package struct Step: Sendable {
  package var output: OutputTensor
  package var action: Action
  /// Whether the tensors of a copy may differ, whatever their size.
  package var acceptsDifferences = false

  package enum Action: Sendable {
    /// The arithmetic of a merge method over all models, and the base where the method has one.
    case merge(ElementwiseOperation, models: [TensorInfo], base: TensorInfo?)
    /// The first tensor's bytes as they are; the others must have the same.
    case copy([TensorInfo])
  }

  package init(output: OutputTensor, action: Action) {
    self.output = output
    self.action = action
  }

  package var inputs: [TensorInfo] {
    switch action {
    case .merge(_, let models, let base): models + (base.map { [$0] } ?? [])
    case .copy(let tensors): tensors
    }
  }

  /// Whether the tensor is more than one number, such as a counter.
  package var hasSeveralElements: Bool { output.shape.contains { $0 != 1 } }

  package var inputByteCount: Int { inputs.reduce(0) { $0 + $1.byteCount } }
}
