/// The element type of a tensor.
///
/// The order of the cases up to `uint64` is the order of safetensors' own enumeration, which its
/// writer sorts by.
public enum DType: UInt8, CaseIterable, Sendable, Hashable {
  case bool
  case float4E2M1
  case float6E2M3
  case float6E3M2
  case uint8
  case int8
  case float8E5M2
  case float8E4M3
  case float8E8M0
  case float8E4M3FNUZ
  case float8E5M2FNUZ
  case int16
  case uint16
  case float16
  case bfloat16
  case int32
  case uint32
  case float32
  case complex64
  case float64
  case int64
  case uint64
  /// PyTorch only.
  case complex32
  /// PyTorch only.
  case complex128
}

extension DType {
  /// The name in a safetensors header, or nil for a type that safetensors does not have.
  public var safetensorsName: String? { row.safetensors }

  /// The name in PyTorch without the `torch.` in front, or nil for a type that PyTorch does not have.
  public var torchName: String? { row.torch }

  /// The size of one element in bits.
  public var bitWidth: Int { row.bits }

  /// Whether merge methods do arithmetic on tensors of this type.
  public var isAveraged: Bool { Self.averaged.contains(self) }

  /// The types that merge methods do arithmetic on, from the most usual one.
  package static let averaged: [DType] = [
    .float32, .float16, .bfloat16, .float64,
    .float8E4M3, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ,
  ]

  /// Their names in PyTorch, as a list for messages.
  package static let averagedNames = averaged.compactMap(\.torchName).joined(separator: ", ")

  /// Whether this is an integer type or bool.
  public var isInteger: Bool {
    switch self {
    case .bool, .uint8, .int8, .int16, .uint16, .int32, .uint32, .int64, .uint64: true
    default: false
    }
  }

  /// The bytes of `elementCount` elements, or nil if that overflows or is not a whole number.
  public func byteCount(elementCount: Int) -> Int? {
    let (bits, overflow) = elementCount.multipliedReportingOverflow(by: bitWidth)
    guard !overflow, bits >= 0, bits % 8 == 0 else { return nil }
    return bits / 8
  }

  /// Finds a type by its name in a safetensors header; case matters.
  public init?(safetensorsName name: String) {
    guard let match = Self.bySafetensorsName[name] else { return nil }
    self = match
  }

  private static let bySafetensorsName = Dictionary(
    uniqueKeysWithValues: allCases.compactMap { dtype in dtype.safetensorsName.map { ($0, dtype) } }
  )

  /// Finds a type by its PyTorch name, without the `torch.` in front; case matters.
  public init?(torchName name: String) {
    guard let match = Self.allCases.first(where: { $0.torchName == name }) else { return nil }
    self = match
  }

  private var row: (safetensors: String?, torch: String?, bits: Int) {
    switch self {
    case .bool: ("BOOL", "bool", 8)
    case .float4E2M1: ("F4", "float4_e2m1fn_x2", 4)
    case .float6E2M3: ("F6_E2M3", nil, 6)
    case .float6E3M2: ("F6_E3M2", nil, 6)
    case .uint8: ("U8", "uint8", 8)
    case .int8: ("I8", "int8", 8)
    case .float8E5M2: ("F8_E5M2", "float8_e5m2", 8)
    case .float8E4M3: ("F8_E4M3", "float8_e4m3fn", 8)
    case .float8E8M0: ("F8_E8M0", "float8_e8m0fnu", 8)
    case .float8E4M3FNUZ: ("F8_E4M3FNUZ", "float8_e4m3fnuz", 8)
    case .float8E5M2FNUZ: ("F8_E5M2FNUZ", "float8_e5m2fnuz", 8)
    case .int16: ("I16", "int16", 16)
    case .uint16: ("U16", "uint16", 16)
    case .float16: ("F16", "float16", 16)
    case .bfloat16: ("BF16", "bfloat16", 16)
    case .int32: ("I32", "int32", 32)
    case .uint32: ("U32", "uint32", 32)
    case .float32: ("F32", "float32", 32)
    case .complex64: ("C64", "complex64", 64)
    case .float64: ("F64", "float64", 64)
    case .int64: ("I64", "int64", 64)
    case .uint64: ("U64", "uint64", 64)
    case .complex32: (nil, "complex32", 32)
    case .complex128: (nil, "complex128", 128)
    }
  }
}
