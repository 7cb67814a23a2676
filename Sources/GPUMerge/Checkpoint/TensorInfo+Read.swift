extension TensorInfo {
  /// Reads bytes of the tensor in C order, little-endian, whatever its layout in the file.
  ///
  /// The range starts and ends between elements, or between bytes for types of less than a byte.
  /// `destination` has room for at least as many bytes.
  package func read(
    bytes range: Range<Int>, into destination: UnsafeMutableRawBufferPointer,
    through window: ReadWindow? = nil
  ) throws(GPUMergeError) {
    guard !range.isEmpty else { return }
    let destination = UnsafeMutableRawBufferPointer(rebasing: destination[..<range.count])
    switch layout {
    case .contiguous(let byteOffset):
      try source.read(into: destination, at: byteOffset + range.lowerBound, through: window)
    case .strided:
      try StridedView(self).read(range, from: source, into: destination)
    }
    if isBigEndian { swapBytes(of: destination) }
  }

  /// A range of the bytes in C order, little-endian, where it lies in memory just like that.
  func resident(bytes range: Range<Int>, in window: ReadWindow?) -> UnsafeRawBufferPointer? {
    guard case .contiguous(let offset) = layout, !isBigEndian else { return nil }
    return source.resident(offset + range.lowerBound..<offset + range.upperBound, in: window)
  }

  /// Where a range of the bytes lies in a file just as it is, but for the order of bytes in an element.
  func extent(ofBytes range: Range<Int>) -> FileExtent? {
    guard case .contiguous(let offset) = layout else { return nil }
    return source.extent(of: offset + range.lowerBound..<offset + range.upperBound)
  }

  private func swapBytes(of bytes: UnsafeMutableRawBufferPointer) {
    switch dtype {
    case .complex32: swap(bytes, as: UInt16.self)
    case .complex64: swap(bytes, as: UInt32.self)
    case .complex128: swap(bytes, as: UInt64.self)
    default:
      switch dtype.bitWidth {
      case 16: swap(bytes, as: UInt16.self)
      case 32: swap(bytes, as: UInt32.self)
      case 64: swap(bytes, as: UInt64.self)
      default: break
      }
    }
  }

  private func swap<T: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeMutableRawBufferPointer, as type: T.Type
  ) {
    for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<T>.size) {
      let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
      bytes.storeBytes(of: value.byteSwapped, toByteOffset: offset, as: T.self)
    }
  }
}
