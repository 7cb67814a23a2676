/// The classes and functions that a checkpoint may name, and what each stands for here.
///
/// None is ever looked up or called: `PickleMachine` knows what each would make of its arguments.
enum PickleGlobal: Hashable {
  case orderedDict
  case counter
  case set
  case byteArray
  case complex
  case encode
  case size
  case device
  case rebuildTensor
  case rebuildTensorV2
  case rebuildTensorV3
  case rebuildParameter
  case rebuildParameterWithState
  case rebuildFromType
  case parameter
  /// The class of a tensor that `rebuildFromType` is to make.
  case tensorClass
  /// nil: untyped.
  case storage(DType?)
  case dtype(DType)

  /// Whether it is called for tensors only.
  var makesTensors: Bool {
    switch self {
    case .rebuildTensor, .rebuildTensorV2, .rebuildTensorV3, .rebuildParameter,
      .rebuildParameterWithState, .rebuildFromType, .parameter:
      true
    default: false
    }
  }

  /// Finds what `module.name` stands for; nil if it is not on the list.
  init?(module: String, name: String) {
    let module = module == "__builtin__" ? "builtins" : module
    guard let known = Self.table["\(module).\(name)"] else { return nil }
    self = known
  }

  /// What tensors that refer to `module.name` are and why they cannot be merged; nil for others.
  static func unsupported(module: String, name: String) -> String? {
    if let reason = unsupportedTable["\(module).\(name)"] { return reason }
    guard module == "torch", name.wholeMatch(of: /q?u?int[0-9]+(x[0-9]+)?|bits[0-9x]+/) != nil
    else { return nil }
    return "has the type torch.\(name), which is not supported"
  }

  private static let table: [String: PickleGlobal] = {
    var table: [String: PickleGlobal] = [
      "collections.OrderedDict": .orderedDict, "collections.Counter": .counter,
      "builtins.set": .set, "builtins.bytearray": .byteArray, "builtins.complex": .complex,
      "_codecs.encode": .encode, "torch.Size": .size, "torch.device": .device,
      "torch._utils._rebuild_tensor": .rebuildTensor,
      "torch._utils._rebuild_tensor_v2": .rebuildTensorV2,
      "torch._utils._rebuild_tensor_v3": .rebuildTensorV3,
      "torch._utils._rebuild_parameter": .rebuildParameter,
      "torch._utils._rebuild_parameter_with_state": .rebuildParameterWithState,
      "torch._tensor._rebuild_from_type": .rebuildFromType,
      "torch._tensor._rebuild_from_type_v2": .rebuildFromType,
      "torch.nn.parameter.Parameter": .parameter, "torch.nn.parameter.Buffer": .tensorClass,
      "torch.Tensor": .tensorClass, "torch._tensor.Tensor": .tensorClass,
      "torch.storage.UntypedStorage": .storage(nil),
    ]
    let storages: [String: DType] = [
      "Double": .float64, "Float": .float32, "Half": .float16, "BFloat16": .bfloat16,
      "Long": .int64, "Int": .int32, "Short": .int16, "Char": .int8, "Byte": .uint8,
      "Bool": .bool, "ComplexFloat": .complex64, "ComplexDouble": .complex128,
    ]
    for (name, dtype) in storages { table["torch.\(name)Storage"] = .storage(dtype) }
    for dtype in DType.allCases {
      if let name = dtype.torchName { table["torch.\(name)"] = .dtype(dtype) }
    }
    return table
  }()

  private static let unsupportedTable: [String: String] = {
    let sparse = "is sparse"
    let quantized = "is quantized"
    let subclass = "is of a tensor subclass"
    var table = [
      "torch._utils._rebuild_sparse_tensor": sparse,
      "torch._utils._rebuild_sparse_csr_tensor": sparse, "torch.serialization._get_layout": sparse,
      "torch._utils._rebuild_qtensor": quantized,
      "torch._utils._rebuild_nested_tensor": "is nested",
      "torch._utils._rebuild_meta_tensor_no_storage": "is on the meta device and has no data",
      "torch._utils._rebuild_wrapper_subclass": subclass,
      "torch._utils._rebuild_device_tensor_from_numpy": subclass,
      "torch._utils._rebuild_device_tensor_from_cpu_tensor": subclass,
      "torch.distributed.tensor.DTensor": subclass,
    ]
    for name in ["QInt8", "QUInt8", "QInt32", "QUInt4x2", "QUInt2x4"] {
      table["torch.\(name)Storage"] = quantized
    }
    return table
  }()
}
