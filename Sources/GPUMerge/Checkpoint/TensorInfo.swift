/// One tensor of an opened checkpoint: what it is and where its bytes are.
///
/// A class, as a merge hands on the same tensors from step to step, hundreds of thousands of them, and
/// never changes one.
package final class TensorInfo: Sendable {
  package let name: TensorName
  package let dtype: DType
  /// The dimensions, as in the safetensors header (`float4E2M1` counts single values).
  package let shape: [Int]
  /// The bytes that hold the tensor, maybe together with other tensors.
  package let source: any ByteSource
  package let layout: Layout
  /// Whether each element is stored with its most significant byte first.
  package let isBigEndian: Bool

  /// Where in `source` the elements lie.
  ///
  /// Checked against the source's size by whoever made it.
  package enum Layout: Sendable, Hashable {
    /// In C order without gaps, from this byte on.
    case contiguous(byteOffset: Int)
    /// Element (i, j, ...) lies at element `offset + i * strides[0] + j * strides[1] + ...`.
    case strided(elementOffset: Int, strides: [Int])
  }

  package init(
    name: TensorName, dtype: DType, shape: [Int], source: any ByteSource, layout: Layout,
    isBigEndian: Bool = false
  ) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.source = source
    self.layout = layout
    self.isBigEndian = isBigEndian
  }

  /// The number of elements.
  ///
  /// Cannot overflow: the reader that made this checked the product.
  package var elementCount: Int { shape.reduce(1, *) }

  /// The number of bytes of the tensor in C order.
  package var byteCount: Int { elementCount * dtype.bitWidth / 8 }
}
