/// Everything that is decided before any tensor data is read: what happens to each tensor, and
/// where its bytes go.
///
/// Depends on headers only.
package struct MergePlan: Sendable {
  /// One step for each output tensor, in the order of the base or first model.
  package var steps: [Step]
  /// Where the bytes go; `layout.tensorOffsets` is parallel to `steps`.
  package var layout: OutputLayout
  /// The indices of the steps that this file has, in order.
  package let members: [Int]
  /// The indices of `steps`, by offset in the output.
  ///
  /// Steps without bytes are left out.
  package let stepsByOffset: [Int]
  /// The tensor bytes read from all models and the base.
  package let inputByteCount: Int
  /// The tensor bytes written.
  package let outputByteCount: Int

  /// Plans a file of all steps.
  package init(steps: [Step], layout: OutputLayout) {
    self.init(steps: steps, members: Array(steps.indices), layout: layout)
  }

  /// Plans a file of some steps; `layout` is that of these alone, in their order.
  package init(steps: [Step], members: [Int], layout: OutputLayout) {
    self.steps = steps
    self.members = members
    var layout = layout
    if members.count < steps.count {
      var offsets = Array(repeating: 0, count: steps.count)
      for (step, offset) in zip(members, layout.tensorOffsets) { offsets[step] = offset }
      layout.tensorOffsets = offsets
      for index in layout.checksums.indices {
        layout.checksums[index].tensor = members[layout.checksums[index].tensor]
      }
    }
    let offsets = layout.tensorOffsets
    self.layout = layout
    stepsByOffset = members.filter { steps[$0].output.byteCount > 0 }
      .sorted { offsets[$0] < offsets[$1] }
    inputByteCount = members.reduce(0) { $0 + steps[$1].inputByteCount }
    outputByteCount = members.reduce(0) { $0 + steps[$1].output.byteCount }
  }
}

/// What happens to one tensor.
///
/// A class, as all parts of a merge look at the same steps and never change one.
package final class Step: Sendable {
  package let output: OutputTensor
  package let action: Action
  /// Whether the tensors of a copy may differ, whatever their size.
  package let acceptsDifferences: Bool

  package enum Action: Sendable {
    /// The arithmetic of a merge method over all models, and the base where the method has one.
    case merge(ElementwiseOperation, models: [TensorInfo], base: TensorInfo?)
    /// The first tensor's bytes as they are; the others must have the same.
    case copy([TensorInfo])
  }

  package init(output: OutputTensor, action: Action, acceptsDifferences: Bool = false) {
    self.output = output
    self.action = action
    self.acceptsDifferences = acceptsDifferences
  }

  /// Whether the tensor is more than one number, such as a counter.
  package var hasSeveralElements: Bool { output.shape.contains { $0 != 1 } }

  package var inputByteCount: Int {
    switch action {
    case .merge(_, let models, let base):
      models.reduce(base?.byteCount ?? 0) { $0 + $1.byteCount }
    case .copy(let tensors): tensors.reduce(0) { $0 + $1.byteCount }
    }
  }
}
