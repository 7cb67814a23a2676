import OrderedCollections

/// The weights of a model in memory: tensors by name, in order, as `state_dict()` has them in PyTorch.
public struct StateDict: Sendable {
  private var tensors: OrderedDictionary<TensorName, Tensor> = [:]

  /// Creates an empty state dict.
  public init() {}

  /// The names, in order.
  public var names: [TensorName] { Array(tensors.keys) }

  /// The number of tensors.
  public var count: Int { tensors.count }

  /// The tensor of a name.
  ///
  /// A new name goes to the end.
  public subscript(name: TensorName) -> Tensor? {
    get { tensors[name] }
    set { tensors[name] = newValue }
  }

  package var infos: [TensorInfo] {
    tensors.map { name, tensor in
      TensorInfo(
        name: name, dtype: tensor.dtype, shape: tensor.shape, source: tensor.storage,
        layout: .contiguous(byteOffset: tensor.byteOffset))
    }
  }
}

extension StateDict: Sequence {
  /// Goes through the tensors in order.
  public func makeIterator() -> some IteratorProtocol<(name: TensorName, tensor: Tensor)> {
    tensors.lazy.map { (name: $0.key, tensor: $0.value) }.makeIterator()
  }
}

extension StateDict: ExpressibleByDictionaryLiteral {
  /// Creates a state dict from names and tensors; the last of equal names wins.
  public init(dictionaryLiteral elements: (TensorName, Tensor)...) {
    for (name, tensor) in elements { self[name] = tensor }
  }
}
