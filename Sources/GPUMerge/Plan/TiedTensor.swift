/// A name under which the output has a tensor that it has already: tied weights are written once.
package struct TiedTensor: Sendable, Hashable {
  package var name: TensorName
  /// The index of the step that makes the tensor.
  package var step: Int

  package init(name: TensorName, step: Int) {
    self.name = name
    self.step = step
  }
}
