/// How PyTorch describes a tensor: its own counting of 4-bit pairs, and the class of its storage.
struct TorchForm {
  /// The name of the type without `torch.`.
  var dtypeName: String
  /// The class of a typed storage, or nil for the newer types, which lie in untyped ones.
  var storageName: String?
  var shape: [Int]
  /// C order, in elements.
  var strides: [Int]

  /// The elements of the storage in its own counting: bytes if it is untyped.
  var storageElementCount: Int

  init(of tensor: OutputTensor) throws(GPUMergeError) {
    guard let name = tensor.dtype.torchName else {
      throw Self.failure(tensor, "PyTorch has no type for \(tensor.dtype) tensors")
    }
    dtypeName = name
    storageName = Self.storageName(of: tensor.dtype)
    shape = tensor.shape
    if tensor.dtype.bitWidth < 8 {
      guard let last = shape.last, last % 2 == 0 else {
        throw Self.failure(
          tensor, "PyTorch keeps 4-bit numbers in pairs, and this is an odd number")
      }
      shape[shape.count - 1] = last / 2
    }
    strides = shape
    storageElementCount =
      storageName == nil ? tensor.byteCount : tensor.shape.reduce(1, *)
    var stride = 1
    for index in shape.indices.reversed() {
      strides[index] = stride
      let (product, overflow) = stride.multipliedReportingOverflow(by: max(1, shape[index]))
      guard !overflow else {
        throw GPUMergeError(
          .overflow, "the tensor has too many elements", subject: tensor.name.description)
      }
      stride = product
    }
  }

  private static func failure(_ tensor: OutputTensor, _ problem: String) -> GPUMergeError {
    GPUMergeError(
      .badDType, problem, subject: tensor.name.description,
      advice: "Write a safetensors file instead")
  }

  private static func storageName(of dtype: DType) -> String? {
    switch dtype {
    case .bool: "BoolStorage"
    case .uint8: "ByteStorage"
    case .int8: "CharStorage"
    case .int16: "ShortStorage"
    case .int32: "IntStorage"
    case .int64: "LongStorage"
    case .float16: "HalfStorage"
    case .bfloat16: "BFloat16Storage"
    case .float32: "FloatStorage"
    case .float64: "DoubleStorage"
    case .complex64: "ComplexFloatStorage"
    case .complex128: "ComplexDoubleStorage"
    default: nil
    }
  }
}
