public import SystemPackage

/// What a merge did.
public struct MergeReport: Sendable {
  /// The method's name.
  public var method: String
  /// The method's parameters.
  public var parameters: [MethodParameter]
  /// The labels of the models: their paths.
  public var models: [String]
  /// The label of the base model.
  public var base: String?
  /// The output file; nil for a state dict.
  public var output: FilePath?
  /// The number of tensors written.
  public var tensorCount: Int
  /// The number of elements written.
  public var parameterCount: Int
  /// The tensor bytes read, of all models.
  public var readByteCount: Int
  /// The bytes of the output.
  public var writtenByteCount: Int
  /// Those of them that an earlier run, which was interrupted, had finished.
  public var resumedByteCount = 0
  /// The files with the tensors, in order; empty for a state dict.
  public var files: [WrittenFile] = []
  /// The time from opening the models to the finished output.
  public var duration: Duration
  /// What merged: the devices' names, with " + " between them.
  public var device: String
  /// The memory of all staging areas, on host and devices together.
  public var stagingByteCount: Int
  /// Tensors with elements that are NaN or infinite.
  public var nonFinite: [NonFiniteTensor]
  /// One-element integer tensors (such as BatchNorm's `num_batches_tracked`) that differ between the
  /// models; the output has the base's or first model's value.
  public var differingCounters: [TensorName]
  /// Larger integer tensors that differ, where ``TensorSelection/integers`` lets them: the output has
  /// those of the base or first model.
  public var differingIntegers: [TensorName]
  /// What happened to each tensor of any model: first those of the base or first model, in its order.
  public var tensors: [TensorFate]
  /// Whatever else a person should know.
  public var warnings: [String]

  /// A file of the output.
  public struct WrittenFile: Sendable, Hashable {
    /// The path of the file.
    public var path: FilePath
    /// Its bytes.
    public var byteCount: Int
    /// What was read back from it, in hexadecimal, if ``MergeOptions/hashesOutput`` asked for it.
    public var sha256: String?
  }

  /// A tensor with elements that are NaN or infinite.
  public struct NonFiniteTensor: Sendable, Hashable {
    /// The tensor's name.
    public var name: TensorName
    /// How many elements are not finite.
    public var count: Int
    /// The index of the first of them, in C order.
    public var firstElement: Int
  }
}
