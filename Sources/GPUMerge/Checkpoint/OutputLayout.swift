/// A tensor that is going to be written.
package struct OutputTensor: Sendable, Hashable {
  package var name: TensorName
  package var dtype: DType
  /// The dimensions, as in `TensorInfo.shape`.
  package var shape: [Int]

  package init(name: TensorName, dtype: DType, shape: [Int]) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
  }

  /// The number of bytes of the tensor.
  package var byteCount: Int { shape.reduce(1, *) * dtype.bitWidth / 8 }
}

/// Where every byte of an output file goes, known before any of its data.
package struct OutputLayout: Sendable {
  /// The offset in the file of each tensor's first byte, in the order of the tensors given.
  package var tensorOffsets: [Int]
  /// Everything between the tensors (headers, padding, directories), ascending and without overlap.
  package var literals: [Literal]
  /// The size of the file.
  package var byteCount: Int
  /// The CRC-32 fields to fill in (4 bytes each, little-endian) once the data is written.
  package var checksums: [Checksum]

  /// Bytes that do not depend on the merged data.
  package struct Literal: Sendable, Hashable {
    package var offset: Int
    package var bytes: [UInt8]

    package init(offset: Int, bytes: [UInt8]) {
      self.offset = offset
      self.bytes = bytes
    }
  }

  /// One tensor's CRC-32 and the places in the file where it is recorded.
  package struct Checksum: Sendable, Hashable {
    package var tensor: Int
    package var fieldOffsets: [Int]

    package init(tensor: Int, fieldOffsets: [Int]) {
      self.tensor = tensor
      self.fieldOffsets = fieldOffsets
    }
  }

  package init(
    tensorOffsets: [Int], literals: [Literal], byteCount: Int, checksums: [Checksum] = []
  ) {
    self.tensorOffsets = tensorOffsets
    self.literals = literals
    self.byteCount = byteCount
    self.checksums = checksums
  }
}
