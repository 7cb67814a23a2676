/// How one model's tensors differ from the reference's, among those that are merged.
struct ModelDifference {
  /// The names of the reference that are to be merged.
  var comparedCount = 0
  /// Those of them that the model lacks.
  var missing: [TieResolver.Entry] = []
  /// The names to be merged that the model has and the reference lacks.
  var extra: [TieResolver.Entry] = []
  var shapes: [Shape] = []

  /// A tensor of another shape.
  struct Shape {
    var name: TensorName
    var shape: [Int]
    var expected: [Int]
  }
}
