/// Which tensors of the models are merged, and what happens to those that not all models have.
public struct TensorSelection: Sendable, Hashable {
  /// What happens to a tensor that some model lacks.
  public var missing = MissingPolicy.error
  /// Patterns of tensors that are copied from the base or first model instead of merged.
  ///
  /// In all patterns `*` stands for any characters, also dots, `?` for one, and `[...]` for one of
  /// a set, as in Python's fnmatch; a pattern describes the whole name. One that matches no tensor is
  /// an error.
  public var keep: [String] = []
  /// Patterns of the only tensors that are merged, unless empty; all others are copied from the base
  /// or first model.
  public var only: [String] = []
  /// Whether only the tensors of the repeated blocks are merged (see ``BackboneRule``), and
  /// embeddings, final norm and head are copied from the base or first model: `merge_backbone` in
  /// FusionBench.
  public var backboneOnly = false
  /// Whether names that are tied in the base or first model (several names of one tensor) stay tied
  /// although another model has a tensor of its own for each, and a name that a model lacks stands
  /// for the tensor that it is tied to elsewhere.
  public var tiesAsBase = false
  /// What happens when integer tensors of more than one element differ.
  public var integers = IntegerPolicy.error

  /// Creates the default: all models must have the same tensors, and all tensors are merged.
  public init() {}

  /// What happens to a tensor that some model lacks.
  public enum MissingPolicy: String, Sendable, CaseIterable {
    /// It is an error.
    case error
    /// The base's or first model's tensor is copied; one that it lacks is left out.
    case base
    /// It is left out.
    case skip
    /// The models that have it are merged; weights are those of these models.
    case present
  }

  /// What happens when integer tensors of more than one element differ.
  public enum IntegerPolicy: String, Sendable, CaseIterable {
    /// It is an error: they may be quantized weights.
    case error
    /// The output has the base's or first model's.
    case first
  }
}
