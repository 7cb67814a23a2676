/// What is decided about the tensors of the models: what the output has, and how it comes about.
package struct TensorPlan: Sendable {
  /// One step for each tensor that is written, in the order of the base or first model.
  package var steps: [Step] = []
  /// Further names of what the steps make.
  package var ties: [TiedTensor] = []
  /// What happens to each name of any model: first those of the base or first model, in its order.
  package var fates: [TensorFate] = []
  /// For each step the index of its fate in `fates`.
  package var fateOfStep: [Int] = []
  /// What a person should know and did not ask for.
  package var warnings: [String] = []

  /// Makes room for what is decided about so many names.
  mutating func reserveCapacity(_ count: Int) {
    steps.reserveCapacity(count)
    fates.reserveCapacity(count)
    fateOfStep.reserveCapacity(count)
  }

  /// What happened, after a merge found out which integer tensors differ.
  package func fates(differing steps: [Int], reference: String) -> [TensorFate] {
    var fates = fates
    for step in steps where fateOfStep.indices.contains(step) {
      fates[fateOfStep[step]].reason = "not the same in all models: \(reference)'s value"
    }
    return fates
  }
}
