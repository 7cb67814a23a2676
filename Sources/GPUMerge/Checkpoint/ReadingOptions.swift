/// How checkpoints are opened.
public struct ReadingOptions: Sendable, Hashable {
  /// The key of the state dict in PyTorch files that hold several, such as `model.ema`.
  public var root: String?
  /// The variant of the weights in folders, such as `fp16` for `model.fp16.safetensors`.
  public var variant: String?
  /// Whether pickled objects of unknown classes may stand beside the dict of tensors.
  ///
  /// They are never made, nor is any of their code run; without this they are refused.
  public var allowsOpaqueObjects = false
  /// How much of what a file asks for is granted.
  public var limits = Limits()

  /// Creates the default options.
  public init() {}
}
