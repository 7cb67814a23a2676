/// The weighted mean of the models: theta = sum w_i theta_i, over sum w_i when normalized.
///
/// Weights are binary64 throughout and are never rounded to the tensors' type. Zero and negative
/// weights are legal. This is `linear` in mergekit.
public struct WeightedAverageAlgorithm: MergeAlgorithm {
  /// `weighted_average`.
  public static let name = "weighted_average"
  /// The method needs no base model.
  public static let requiresBase = false

  /// One weight for each model, in their order.
  public var weights: [Double]
  /// Whether to divide by the sum of the weights.
  public var normalize: Bool

  /// Creates the algorithm.
  public init(weights: [Double], normalize: Bool = true) {
    self.weights = weights
    self.normalize = normalize
  }

  /// `weights` and `normalize`.
  public var parameters: [MethodParameter] {
    [MethodParameter("weights", .numbers(weights)), MethodParameter("normalize", .flag(normalize))]
  }

  /// Throws unless there is one finite weight for each model and, with `normalize`, their sum is
  /// neither zero nor infinite.
  public func validate(modelCount: Int) throws(GPUMergeError) {
    guard weights.count == modelCount else {
      throw GPUMergeError(
        .usage,
        "there \(weights.count == 1 ? "is 1 weight" : "are \(weights.count) weights") for "
          + (modelCount == 1 ? "1 model" : "\(modelCount) models"),
        advice: "Give one weight for each model, in their order")
    }
    if let weight = weights.first(where: { !$0.isFinite }) {
      throw GPUMergeError(.usage, "the weight \(weight) is not a finite number")
    }
    guard !normalize || (sum != 0 && sum.isFinite) else {
      throw GPUMergeError(
        .usage, "the weights sum to \(sum), so they cannot be normalized",
        advice: "Change the weights, or turn normalize off")
    }
  }

  /// The weighted sum of all models, over the sum of the weights when normalized.
  public func operation(on tensor: TensorDescription, modelCount: Int) -> ElementwiseOperation {
    ElementwiseOperation(
      .linear(weights: weights), divisor: normalize ? Divisor(sumOf: weights) : Divisor(1))
  }

  /// The weighted sum of these models, over the sum of their weights when normalized.
  public func operation(
    on tensor: TensorDescription, positions: [Int], modelCount: Int
  ) throws(GPUMergeError) -> ElementwiseOperation {
    let present = WeightedAverageAlgorithm(
      weights: positions.map { weights[$0] }, normalize: normalize)
    try present.validate(modelCount: positions.count)
    var operation = present.operation(on: tensor, modelCount: positions.count)
    operation.positions = positions
    return operation
  }

  private var sum: Double { Divisor(sumOf: weights).value }
}
