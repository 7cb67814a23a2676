import GPUMerge
import TestSupport
import Testing

@Suite("Reading strided tensors")
struct StridedReadTests {
  @Test("any strides read as one element after the other", arguments: 0..<40)
  func random(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let dtype = [DType.uint8, .bfloat16, .float32, .float64, .complex128][seed % 5]
    let tensor = Self.tensor(of: dtype, &random)
    let expected = Self.expected(tensor)
    let width = dtype.bitWidth / 8
    for _ in 0..<4 {
      let start = Int.random(in: 0...tensor.elementCount, using: &random)
      let end = Int.random(in: start...tensor.elementCount, using: &random)
      let range = start * width..<end * width
      var bytes = [UInt8](repeating: 0xAA, count: range.count)
      try bytes.withUnsafeMutableBytes { try tensor.read(bytes: range, into: $0) }
      #expect(bytes == Array(expected[range]), "\(tensor.shape) \(tensor.layout) \(range)")
    }
  }

  @Test("a transposed matrix takes few reads, none of them large")
  func transposed() throws {
    let source = PatternSource(byteCount: 4096 * 4096 * 4)
    let tensor = TensorInfo(
      name: "w", dtype: .float32, shape: [4096, 4096], source: source,
      layout: .strided(elementOffset: 0, strides: [1, 4096]))
    let rows = 128
    var bytes = [UInt8](repeating: 0, count: rows * 4096 * 4)
    try bytes.withUnsafeMutableBytes { try tensor.read(bytes: 0..<rows * 4096 * 4, into: $0) }
    #expect(source.readCount.load() == 4096)
    #expect(source.largestRead.load() == rows * 4)
    for (row, column) in [(0, 0), (1, 0), (0, 1), (127, 4095), (64, 1000)] {
      let found = bytes[(row * 4096 + column) * 4]
      #expect(found == PatternSource.byte(at: (column * 4096 + row) * 4))
    }
  }

  @Test("elements near each other come with one read")
  func everySecond() throws {
    let source = PatternSource(byteCount: 4 << 20)
    let tensor = TensorInfo(
      name: "w", dtype: .float32, shape: [1 << 19], source: source,
      layout: .strided(elementOffset: 1, strides: [2]))
    var bytes = [UInt8](repeating: 0, count: 2 << 20)
    try bytes.withUnsafeMutableBytes { try tensor.read(bytes: 0..<2 << 20, into: $0) }
    #expect(source.readCount.load() <= 5)
    #expect(source.largestRead.load() <= 1 << 20)
    #expect(bytes == Self.expected(tensor))
  }

  @Test("several threads read one storage at once, and its CRC-32 still comes out right")
  func concurrency() async throws {
    for name in ["layouts", "rezipped_deflated"] {
      let fixture = TorchFixture(name: name)
      let checkpoint = try fixture.open()
      let expected = try fixture.expected()
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            for (tensor, expected) in zip(checkpoint.tensors, expected) {
              let found = try TorchFixture.Tensor(reading: tensor, pieceByteCount: 3)
              #expect(found == expected)
            }
          }
        }
        try await group.waitForAll()
      }
      try checkpoint.verify()
    }
  }

  /// A tensor of up to 20,000 elements with steps from 0 to beyond the window of the reader.
  private static func tensor(of dtype: DType, _ random: inout SeededGenerator) -> TensorInfo {
    var shape: [Int] = []
    var strides: [Int] = []
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      shape.append(Int.random(in: 1...11, using: &random))
      let steps = [0, 1, 2, 7, 11, 121, 1400, 5000, 300_000]
      strides.append(steps.randomElement(using: &random) ?? 1)
    }
    let offset = Int.random(in: 0...9, using: &random)
    let last = zip(shape, strides).reduce(offset) { $0 + ($1.0 - 1) * $1.1 }
    return TensorInfo(
      name: "w", dtype: dtype, shape: shape,
      source: PatternSource(byteCount: (last + 1) * dtype.bitWidth / 8),
      layout: .strided(elementOffset: offset, strides: strides))
  }

  /// Element by element.
  private static func expected(_ tensor: TensorInfo) -> [UInt8] {
    guard case .strided(let offset, let strides) = tensor.layout else { return [] }
    let width = tensor.dtype.bitWidth / 8
    return (0..<tensor.elementCount).flatMap { index in
      var rest = index
      var position = offset
      for (size, stride) in zip(tensor.shape, strides).reversed() {
        position += rest % size * stride
        rest /= size
      }
      return (0..<width).map { PatternSource.byte(at: position * width + $0) }
    }
  }
}
