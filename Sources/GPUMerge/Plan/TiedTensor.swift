/// A name under which the output has a tensor that it has already: tied weights are written once.
package struct TiedTensor: Sendable, Hashable {
  package var name: TensorName
  /// The index of the step that makes the tensor.
  package var step: Int
  /// The index of the step that the name follows in the order of the state dict; never before
  /// `step`.
  ///
  /// Names that follow one step are in the order of their array.
  package var after: Int

  package init(name: TensorName, step: Int, after: Int? = nil) {
    self.name = name
    self.step = step
    self.after = after ?? step
  }
}

extension [TiedTensor] {
  /// Goes through all names of the output in the order of the state dict: for each its step, and the
  /// name if it is not the step's own.
  package func forEachName<E: Error>(
    stepCount: Int, _ body: (_ step: Int, _ name: TensorName?) throws(E) -> Void
  ) throws(E) {
    let following = Dictionary(grouping: self, by: \.after)
    for step in 0..<stepCount {
      try body(step, nil)
      for tie in following[step] ?? [] { try body(tie.step, tie.name) }
    }
  }

  /// The ties of some of the steps, given by their ascending indices, as ties of these alone: what
  /// one of several output files has.
  package func restricted(to steps: [Int]) -> [TiedTensor] {
    guard !isEmpty else { return [] }
    let positions = Dictionary(uniqueKeysWithValues: zip(steps, steps.indices))
    return compactMap { tie in
      guard let step = positions[tie.step] else { return nil }
      return TiedTensor(
        name: tie.name, step: step, after: steps.partitionIndex { $0 > tie.after } - 1)
    }
  }
}
