/// A tensor whose elements do not lie in C order: transposed, expanded, a slice of another.
struct StridedView {
  /// One dimension: how many elements it has, and how many bytes lie from one to the next.
  private struct Dimension {
    var count: Int
    var stride: Int
  }

  private var dimensions: [Dimension] = []
  private var byteOffset = 0
  /// The bytes of an element; pairs of 4-bit numbers count as one.
  private let width: Int

  init(_ tensor: TensorInfo) {
    width = max(1, tensor.dtype.bitWidth / 8)
    guard case .strided(let elementOffset, let strides) = tensor.layout else { return }
    let isPacked = tensor.dtype.bitWidth < 8
    byteOffset = isPacked ? elementOffset / 2 : elementOffset * width
    for (index, (count, stride)) in zip(tensor.shape, strides).enumerated() {
      let isPair = isPacked && index == tensor.shape.count - 1
      // The stride of a single element means nothing and may be anything.
      guard count > (isPair ? 2 : 1) else { continue }
      append(
        isPair
          ? Dimension(count: count / 2, stride: 1)
          : Dimension(count: count, stride: isPacked ? stride / 2 : stride * width))
    }
  }

  /// Adds an inner dimension; joined with the one outside of it if they are one run.
  private mutating func append(_ dimension: Dimension) {
    if let outer = dimensions.last, outer.stride == dimension.count * dimension.stride {
      dimensions[dimensions.count - 1] = Dimension(
        count: outer.count * dimension.count, stride: dimension.stride)
    } else {
      dimensions.append(dimension)
    }
  }

  /// Reads the bytes of `range`, counted in C order.
  func read(
    _ range: Range<Int>, from source: any ByteSource,
    into destination: UnsafeMutableRawBufferPointer
  ) throws(GPUMergeError) {
    let end = range.upperBound / width
    var position = range.lowerBound / width
    var done = 0
    while position < end {
      let box = box(at: position, before: end)
      let part = UnsafeMutableRawBufferPointer(
        rebasing: destination[done * width..<(done + box.elementCount) * width])
      try box.gather.read(from: source, into: part)
      position += box.elementCount
      done += box.elementCount
    }
  }

  /// The largest part of the tensor that starts at the element `position`, ends by `end`, and of
  /// which only the outermost dimension is not complete.
  private func box(
    at position: Int, before end: Int
  ) -> (gather: StridedGather, elementCount: Int) {
    var axes: [StridedGather.Axis] = []
    var start = byteOffset
    var rest = position
    var inner = 1
    var elementCount = 1
    var isOpen = true
    for dimension in dimensions.reversed() {
      let index = rest % dimension.count
      rest /= dimension.count
      start += index * dimension.stride
      if isOpen {
        let count = min(dimension.count - index, (end - position) / inner)
        if count > 0 {
          axes.append(
            StridedGather.Axis(
              count: count, source: dimension.stride, destination: inner * width))
          elementCount = count * inner
        }
        isOpen = index == 0 && count == dimension.count
      }
      inner *= dimension.count
    }
    return (StridedGather(start: start, width: width, axes: axes), elementCount)
  }
}
