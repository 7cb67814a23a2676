/// The mean of the models: theta = (1/n) sum theta_i.
///
/// Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy
/// without increasing inference time", ICML 2022 (the uniform soup).
public struct SimpleAverageAlgorithm: MergeAlgorithm {
  /// `simple_average`.
  public static let name = "simple_average"
  /// The method needs no base model.
  public static let requiresBase = false

  /// Creates the algorithm; it has no parameters.
  public init() {}

  /// The method has none.
  public var parameters: [MethodParameter] { [] }

  /// Any number of models can be averaged.
  public func validate(modelCount: Int) throws(GPUMergeError) {}

  /// The sum of all models over their number.
  public func operation(on tensor: TensorDescription, modelCount: Int) -> ElementwiseOperation {
    ElementwiseOperation(
      .linear(weights: Array(repeating: 1, count: modelCount)), divisor: Divisor(Double(modelCount))
    )
  }
}
