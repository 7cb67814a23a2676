/// A tensor in memory: little-endian elements in C order, without gaps.
public struct Tensor: Sendable {
  /// The element type.
  public let dtype: DType
  /// The dimensions; none for a scalar.
  public let shape: [Int]
  /// The memory that holds the elements, maybe with other tensors.
  public let storage: TensorStorage
  /// Where in the storage the elements begin.
  public let byteOffset: Int

  /// Creates a tensor over `storage`.
  ///
  /// - Throws: ``GPUMergeError`` of kind `badShape` when a dimension is negative or their product
  ///   overflows, and `tensorBounds` when the elements do not lie inside of the storage.
  public init(
    dtype: DType, shape: [Int], storage: TensorStorage, byteOffset: Int = 0
  ) throws(GPUMergeError) {
    guard let byteCount = Self.byteCount(dtype: dtype, shape: shape) else {
      throw GPUMergeError(
        .badShape, "the shape \(shape) is not one of a tensor",
        advice: "Give dimensions that are not negative, and whose product fits in 63 bits")
    }
    guard byteOffset >= 0, byteOffset <= storage.byteCount,
      byteCount <= storage.byteCount - byteOffset
    else {
      throw GPUMergeError(
        .tensorBounds,
        "a tensor of \(byteCount) bytes at \(byteOffset) does not fit in \(storage.byteCount) bytes",
        advice: "Give a storage that is large enough")
    }
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
  }

  /// Creates a tensor from values in C order.
  ///
  /// - Throws: ``GPUMergeError`` of kind `badShape` unless there are as many values as the shape says.
  public init<Element: TensorElement>(
    _ values: [Element], shape: [Int]? = nil
  ) throws(GPUMergeError) {
    let shape = shape ?? [values.count]
    let storage = TensorStorage(byteCount: values.count * MemoryLayout<Element>.size) { bytes in
      values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    guard Self.byteCount(dtype: Element.dtype, shape: shape) == storage.byteCount else {
      throw GPUMergeError(
        .badShape, "\(values.count) values do not fill the shape \(shape)",
        advice: "Give as many values as the product of the dimensions")
    }
    try self.init(dtype: Element.dtype, shape: shape, storage: storage)
  }

  package init(trusted info: OutputTensor, storage: TensorStorage, byteOffset: Int) {
    dtype = info.dtype
    shape = info.shape
    self.storage = storage
    self.byteOffset = byteOffset
  }

  /// The number of elements.
  public var elementCount: Int { shape.reduce(1, *) }

  /// The number of bytes.
  public var byteCount: Int { elementCount * dtype.bitWidth / 8 }

  /// Calls a closure with the elements' bytes, which are valid only during the call.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try storage.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(E) -> R in
      try body(UnsafeRawBufferPointer(rebasing: bytes[byteOffset..<byteOffset + byteCount]))
    }
  }

  /// The elements in C order, or nil if they are of another type.
  public func values<Element: TensorElement>(as type: Element.Type) -> [Element]? {
    guard Element.dtype == dtype else { return nil }
    return withUnsafeBytes { bytes in
      (0..<elementCount).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self)
      }
    }
  }

  private static func byteCount(dtype: DType, shape: [Int]) -> Int? {
    var count = 1
    for dimension in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard dimension >= 0, !overflow else { return nil }
      count = product
    }
    return dtype.byteCount(elementCount: count)
  }
}

/// A Swift type that is the element type of a tensor.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The tensor's type.
  static var dtype: DType { get }
}

extension Float: TensorElement {
  /// `float32`.
  public static var dtype: DType { .float32 }
}
extension Double: TensorElement {
  /// `float64`.
  public static var dtype: DType { .float64 }
}
extension Float16: TensorElement {
  /// `float16`.
  public static var dtype: DType { .float16 }
}
extension Int64: TensorElement {
  /// `int64`.
  public static var dtype: DType { .int64 }
}
extension Int32: TensorElement {
  /// `int32`.
  public static var dtype: DType { .int32 }
}
extension UInt8: TensorElement {
  /// `uint8`.
  public static var dtype: DType { .uint8 }
}
extension Bool: TensorElement {
  /// `bool`.
  public static var dtype: DType { .bool }
}
