/// The base model plus the mean of what is left of the models' differences to it after dropping.
///
/// theta = theta_base + (1/n) sum mask_i * (theta_i - theta_base), each element of each difference
/// kept with probability 1 - p and, with `rescale`, divided by 1 - p.
///
/// Yu et al., "Language models are super Mario: absorbing abilities from homologous models as a free
/// lunch", ICML 2024, https://arxiv.org/abs/2311.03099, with the averaging and the names of
/// FusionBench's `dare_simple_average`.
public struct DareSimpleAverage: MergeAlgorithm {
  /// `dare_simple_average`.
  public static let name = "dare_simple_average"
  /// Differences are taken to the base model.
  public static let requiresBase = true

  /// The drop rate p: the probability, in 0...1, that an element of a difference is dropped.
  public var sparsityRatio: Double
  /// Whether to divide the kept elements by 1 - p, so that the expected difference stays the same.
  public var rescale: Bool
  /// Whether to drop only in weight matrices of linear layers (see ``LinearLayerRule``), and to
  /// average the differences of all other tensors whole.
  public var onlyOnLinearWeights: Bool
  /// The seed of the mask.
  public var seed: UInt64

  /// Creates the algorithm.
  public init(
    sparsityRatio: Double = 0.5, rescale: Bool = true, onlyOnLinearWeights: Bool = false,
    seed: UInt64 = 0
  ) {
    self.sparsityRatio = sparsityRatio
    self.rescale = rescale
    self.onlyOnLinearWeights = onlyOnLinearWeights
    self.seed = seed
  }

  /// `sparsity_ratio`, `rescale`, `only_on_linear_weights` and `seed`.
  public var parameters: [MethodParameter] {
    [
      MethodParameter("sparsity_ratio", .number(sparsityRatio)),
      MethodParameter("rescale", .flag(rescale)),
      MethodParameter("only_on_linear_weights", .flag(onlyOnLinearWeights)),
      MethodParameter("seed", .integer(seed)),
    ]
  }

  /// Throws unless p lies in 0...1, and below 1 with `rescale`.
  public func validate(modelCount: Int) throws(GPUMergeError) {
    guard (0...1).contains(sparsityRatio) else {
      throw GPUMergeError(.usage, "sparsity_ratio is \(sparsityRatio), which is not in 0...1")
    }
    guard !rescale || sparsityRatio < 1 else {
      throw GPUMergeError(
        .usage, "sparsity_ratio is 1, so nothing is left to rescale",
        advice: "Choose a smaller sparsity_ratio, or turn rescale off to get the base model")
    }
  }

  /// Drop and rescale, or the plain mean of the differences where nothing is to be dropped.
  public func operation(on tensor: TensorDescription, modelCount: Int) -> ElementwiseOperation {
    let drops = !onlyOnLinearWeights || LinearLayerRule.isLinearWeight(tensor)
    let dropRate = drops ? sparsityRatio : 0
    return ElementwiseOperation(
      .dare(mask: DropMask(dropRate: dropRate, seed: seed, tensor: tensor.name)),
      divisor: Divisor(count: modelCount, keepRateOf: rescale ? dropRate : 0))
  }
}
