import GPUMerge
import Testing

@Suite("safetensors layout")
struct SafetensorsLayoutTests {
  @Test(
    "a file is laid out byte for byte as the safetensors library does",
    arguments: SafetensorsFixture.all.filter(\.oracle.canonical), [false, true])
  func canonical(fixture: SafetensorsFixture, reversed: Bool) throws {
    let file = try fixture.bytes
    let checkpoint = try Checkpoint.open(fixture.path)
    let sources = reversed ? checkpoint.tensors.reversed() : checkpoint.tensors
    let layout = try SafetensorsLayout.layout(
      sources.map { OutputTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape) },
      metadata: fixture.oracle.metadata.map { (key: $0[0], value: $0[1]) })
    var output = [UInt8](repeating: 0xAA, count: layout.byteCount)
    for literal in layout.literals {
      output.replaceSubrange(
        literal.offset..<literal.offset + literal.bytes.count, with: literal.bytes)
    }
    for (tensor, offset) in zip(sources, layout.tensorOffsets) {
      output.replaceSubrange(offset..<offset + tensor.byteCount, with: try tensor.bytes())
    }
    #expect(output == file)
    #expect(layout.literals.map(\.offset) == [0])
    #expect(layout.checksums.isEmpty)
  }

  @Test("every tensor of whole bytes is aligned to its elements")
  func alignment() throws {
    let tensors = DType.allCases.filter { $0.safetensorsName != nil }.shuffled().enumerated().map {
      OutputTensor(name: TensorName("t\($0.offset)"), dtype: $0.element, shape: [3, 8])
    }
    let layout = try SafetensorsLayout.layout(tensors, metadata: [("format", "pt")])
    for (tensor, offset) in zip(tensors, layout.tensorOffsets) {
      #expect(offset % max(1, tensor.dtype.bitWidth / 8) == 0, "\(tensor.dtype)")
    }
  }

  @Test("many pairs of metadata keep their order and read back")
  func metadata() throws {
    let metadata = (0..<20).reversed().map { (key: "k\($0)", value: "\u{0}\"\($0)\\é") }
    let layout = try SafetensorsLayout.layout([], metadata: metadata)
    let header = Array(try #require(layout.literals.first).bytes.dropFirst(8))
    let parsed = try SafetensorsHeader(parsing: header, dataByteCount: 0)
    #expect(parsed.metadata.map(\.key) == metadata.map(\.key))
    #expect(parsed.metadata.map(\.value) == metadata.map(\.value))
  }

  @Test("tied names are metadata, as save_model of the safetensors library writes it")
  func ties() throws {
    let tensors = [
      OutputTensor(name: "b", dtype: .float32, shape: [2]),
      OutputTensor(name: "a", dtype: .float32, shape: [2]),
    ]
    let layout = try SafetensorsLayout.layout(
      tensors, ties: [TiedTensor(name: "c", step: 1, after: 1)], metadata: [("format", "pt")])
    let header = Array(try #require(layout.literals.first).bytes.dropFirst(8))
    let parsed = try SafetensorsHeader(parsing: header, dataByteCount: 16)
    #expect(parsed.metadata.map { [$0.key, $0.value] } == [["format", "pt"], ["c", "a"]])
    #expect(parsed.metadata.count == 2)
    let error = #expect(throws: GPUMergeError.self) {
      try SafetensorsLayout.layout(
        tensors, ties: [TiedTensor(name: "format", step: 0)], metadata: [("format", "pt")])
    }
    #expect(error?.kind == .duplicateKey)
  }

  @Test(
    "what safetensors cannot hold is refused by name",
    arguments: [
      ("complex128", [OutputTensor(name: "z", dtype: .complex128, shape: [1])], .badDType),
      ("complex32", [OutputTensor(name: "z", dtype: .complex32, shape: [1])], .badDType),
      (
        "duplicate",
        [
          OutputTensor(name: "z", dtype: .uint8, shape: []),
          OutputTensor(name: "z", dtype: .int8, shape: []),
        ], .duplicateKey
      ),
      (
        "reserved", [OutputTensor(name: "__metadata__", dtype: .uint8, shape: [])], .duplicateKey
      ),
      ("half a byte", [OutputTensor(name: "z", dtype: .float4E2M1, shape: [3])], .sizeMismatch),
      (
        "overflow", [OutputTensor(name: "z", dtype: .uint8, shape: [1 << 40, 1 << 40])], .overflow
      ),
      (
        "overflowing sum",
        [
          OutputTensor(name: "y", dtype: .uint8, shape: [1 << 59]),
          OutputTensor(name: "z", dtype: .uint8, shape: [Int.max]),
        ], .overflow
      ),
    ] as [(String, [OutputTensor], GPUMergeError.Kind)])
  func refused(name: String, tensors: [OutputTensor], kind: GPUMergeError.Kind) {
    let error = #expect(throws: GPUMergeError.self) {
      try SafetensorsLayout.layout(tensors, metadata: [])
    }
    #expect(error?.kind == kind)
    #expect(error?.subject == tensors.last?.name.description)
  }

  @Test("a dtype without a safetensors name suggests a .bin output")
  func advice() {
    let error = #expect(throws: GPUMergeError.self) {
      try SafetensorsLayout.layout(
        [OutputTensor(name: "z", dtype: .complex128, shape: [])], metadata: [])
    }
    #expect(error?.advice?.contains(".bin") == true)
  }

  @Test("names that differ only in Unicode normalisation are two names")
  func normalisation() throws {
    let names: [TensorName] = ["caf\u{E9}", "cafe\u{301}"]
    let layout = try SafetensorsLayout.layout(
      names.map { OutputTensor(name: $0, dtype: .uint8, shape: [1]) }, metadata: [])
    #expect(Set(layout.tensorOffsets).count == 2)
  }

  @Test("a header beyond the limit is refused")
  func headerLimit() {
    let tensors = [OutputTensor(name: "z", dtype: .uint8, shape: [])]
    var limits = Limits()
    limits.headerByteCount = 56
    #expect(throws: Never.self) {
      try SafetensorsLayout.layout(tensors, metadata: [], limits: limits)
    }
    limits.headerByteCount = 55
    let error = #expect(throws: GPUMergeError.self) {
      try SafetensorsLayout.layout(tensors, metadata: [], limits: limits)
    }
    #expect(error?.kind == .headerSize)
  }
}
