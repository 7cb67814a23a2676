/// What a merge does with one tensor of the models.
public struct TensorFate: Sendable, Hashable {
  /// The tensor's name.
  public var name: TensorName
  /// The type in the output, or in the model that has the tensor if the output does not.
  public var dtype: DType
  /// The dimensions.
  public var shape: [Int]
  /// What is done.
  public var kind: Kind
  /// Why, unless all models are merged as a matter of course.
  public var reason: String?
  /// The number of models whose values are in the output; 0 if it has the base's or none.
  public var modelCount: Int
  /// The tensor that this is another name of, if it is tied.
  public var tiedTo: TensorName?

  /// What can be done with a tensor.
  public enum Kind: String, Sendable, CaseIterable {
    /// The models' values are merged.
    case merged
    /// One model's bytes are copied.
    case copied
    /// The output has it under another name, too, and once.
    case tied
    /// It is left out, as was asked for.
    case skipped
    /// Models have it, but the output is without it, like the base or first model.
    case ignored
  }

  package init(
    _ kind: Kind, name: TensorName, dtype: DType, shape: [Int], modelCount: Int = 0,
    tiedTo: TensorName? = nil, reason: String? = nil
  ) {
    self.kind = kind
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.modelCount = modelCount
    self.tiedTo = tiedTo
    self.reason = reason
  }

  /// Whether the output's state dict has a tensor of this name.
  public var isInOutput: Bool {
    switch kind {
    case .merged, .copied, .tied: true
    case .skipped, .ignored: false
    }
  }
}
