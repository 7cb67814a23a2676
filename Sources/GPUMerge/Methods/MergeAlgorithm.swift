/// A way to merge models: what happens to each element of each averaged tensor.
///
/// The names and parameters are those of FusionBench (https://github.com/tanganke/fusion_bench), so
/// that its users find them. Every algorithm has a row in ``MergeMethods``.
public protocol MergeAlgorithm: Sendable {
  /// The method's name in FusionBench, in recipes and on the command line.
  static var name: String { get }

  /// Whether the method merges differences to a base model.
  static var requiresBase: Bool { get }

  /// The parameters in force, by name, as they are recorded in the output.
  var parameters: [MethodParameter] { get }

  /// Throws ``GPUMergeError`` of kind `usage` when the parameters make no sense for so many models.
  func validate(modelCount: Int) throws(GPUMergeError)

  /// What to do with one tensor. Called only with parameters that `validate` accepts.
  func operation(on tensor: TensorDescription, modelCount: Int) -> ElementwiseOperation

  /// What to do with one tensor that only some of the models have.
  ///
  /// - Parameters:
  ///   - tensor: The tensor.
  ///   - positions: The positions of the models that have it, ascending; at least one.
  ///   - modelCount: The number of all models.
  /// - Returns: The operation, for these models alone.
  /// - Throws: ``GPUMergeError`` of kind `usage` when the method makes no sense for these models.
  func operation(
    on tensor: TensorDescription, positions: [Int], modelCount: Int
  ) throws(GPUMergeError) -> ElementwiseOperation
}

extension MergeAlgorithm {
  /// The operation on all models, as if there were only those that have the tensor.
  public func operation(
    on tensor: TensorDescription, positions: [Int], modelCount: Int
  ) throws(GPUMergeError) -> ElementwiseOperation {
    try validate(modelCount: positions.count)
    var operation = operation(on: tensor, modelCount: positions.count)
    operation.positions = positions
    return operation
  }
}

/// A method's parameter and its value.
public struct MethodParameter: Sendable, Hashable {
  /// The name, such as `sparsity_ratio`.
  public var name: String
  /// The value.
  public var value: Value

  /// Creates a parameter.
  public init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }

  /// The types of values.
  public enum Value: Sendable, Hashable {
    /// true or false.
    case flag(Bool)
    /// A whole number from 0.
    case integer(UInt64)
    /// A real number.
    case number(Double)
    /// One real number for each model.
    case numbers([Double])
  }
}

/// What a method may know of a tensor before any of its data is read.
public struct TensorDescription: Sendable, Hashable {
  /// The tensor's name in the state dict.
  public var name: TensorName
  /// The tensor's dimensions.
  public var shape: [Int]

  /// Creates a description.
  public init(name: TensorName, shape: [Int]) {
    self.name = name
    self.shape = shape
  }
}
