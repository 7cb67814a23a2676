import Foundation
import GPUMerge
import Testing

@Suite("Laying out PyTorch files")
struct TorchLayoutTests {
  private static let folder = ProcessInfo.processInfo.environment["GPUMERGE_LAYOUT_FOLDER"]

  private static let types = DType.allCases.filter { $0.torchName != nil }

  /// One tensor of each type and of each awkward shape.
  private static let tensors: [OutputTensor] =
    types.map { OutputTensor(name: TensorName("t.\($0)"), dtype: $0, shape: [3, 4]) } + [
      OutputTensor(name: "scalar", dtype: .float32, shape: []),
      OutputTensor(name: "empty", dtype: .float16, shape: [2, 0, 3]),
      OutputTensor(name: "empty pairs", dtype: .float4E2M1, shape: [0]),
      OutputTensor(name: "caf\u{e9}", dtype: .int64, shape: [300]),
      OutputTensor(name: "cafe\u{301}", dtype: .uint8, shape: [70_000]),
      OutputTensor(name: "", dtype: .bool, shape: [1, 1, 1]),
    ]

  private static let metadata = [(key: "recipe", value: "α: 0.5\n"), (key: "version", value: "1")]

  /// The bytes that belong to tensor `index`; legal as bools, too.
  private static func data(of tensor: OutputTensor, _ index: Int) -> [UInt8] {
    (0..<tensor.byteCount).map { UInt8(($0 * 7 + index) % (tensor.dtype == .bool ? 2 : 251)) }
  }

  /// The whole file.
  private static func render(
    _ tensors: [OutputTensor], ties: [TiedTensor] = [], metadata: [(key: String, value: String)]
  ) throws -> [UInt8] {
    let layout = try PyTorchZipLayout.layout(tensors, ties: ties, metadata: metadata)
    var file = [UInt8](repeating: 0, count: layout.byteCount)
    for literal in layout.literals {
      file.replaceSubrange(
        literal.offset..<literal.offset + literal.bytes.count, with: literal.bytes)
    }
    for (index, (tensor, offset)) in zip(tensors, layout.tensorOffsets).enumerated() {
      let data = data(of: tensor, index)
      file.replaceSubrange(offset..<offset + data.count, with: data)
    }
    for checksum in layout.checksums {
      let crc = TestZip.crc32(data(of: tensors[checksum.tensor], checksum.tensor))
      for offset in checksum.fieldOffsets {
        for byte in 0..<4 { file[offset + byte] = UInt8(truncatingIfNeeded: crc >> (8 * byte)) }
      }
    }
    return file
  }

  @Test("our own reader reads what was laid out, metadata included")
  func roundTrip() throws {
    let checkpoint = try TorchFile.open(Self.render(Self.tensors, metadata: Self.metadata))
    let expected = Self.tensors.enumerated().map { index, tensor in
      TorchFixture.Tensor(
        name: tensor.name.utf8, dtype: tensor.dtype.torchName ?? "", shape: tensor.shape,
        bytes: Self.data(of: tensor, index))
    }
    #expect(try TorchFile.readAll(checkpoint) == expected)
    #expect(checkpoint.warnings == [])
    #expect(
      checkpoint.metadata.map { [$0.key, $0.value] } == [
        ["recipe", "α: 0.5\n"], ["version", "1"],
      ])
  }

  @Test("tied names are tensors over one storage, in their places among 1000 and more")
  func ties() throws {
    for count in [3, 999, 1000, 1001, 2000] {
      let tensors = (0..<count).map {
        OutputTensor(name: TensorName("t\($0)"), dtype: .float32, shape: [$0 % 3])
      }
      let ties = [
        TiedTensor(name: "early", step: 1), TiedTensor(name: "middle", step: 2),
        TiedTensor(name: "late", step: 1, after: count - 1),
      ]
      let file = try Self.render(tensors, ties: ties, metadata: [])
      let checkpoint = try TorchFile.open(file)
      let names = checkpoint.tensors.map(\.name)
      #expect(names.count == count + 3)
      #expect(Array(names.prefix(5)) == ["t0", "t1", "early", "t2", "middle"])
      #expect(names.last == "late")
      let (kept, tied) = (checkpoint.tensors[1], checkpoint.tensors[count + 2])
      #expect(kept.source === tied.source && kept.layout == tied.layout)
      #expect(LoadedModel(checkpoint).identity(of: "late") == 1)
      try checkpoint.verify()
    }
  }

  @Test("literals and tensors cover the file, do not overlap, and tensors start at 64 bytes")
  func coverage() throws {
    let layout = try PyTorchZipLayout.layout(Self.tensors, metadata: Self.metadata)
    var ranges = layout.literals.map { $0.offset..<$0.offset + $0.bytes.count }
    #expect(ranges.map(\.lowerBound) == ranges.map(\.lowerBound).sorted())
    for (tensor, offset) in zip(Self.tensors, layout.tensorOffsets) {
      #expect(offset % 64 == 0)
      ranges.append(offset..<offset + tensor.byteCount)
    }
    ranges.removeAll(where: \.isEmpty)
    ranges.sort { $0.lowerBound < $1.lowerBound }
    #expect(ranges.first?.lowerBound == 0)
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    #expect(ranges.last?.upperBound == layout.byteCount)
  }

  @Test("types that PyTorch lacks are refused by the tensor's name")
  func unrepresentable() throws {
    for (dtype, shape) in [(DType.float6E2M3, [4]), (.float6E3M2, [4]), (.float4E2M1, [2, 3])] {
      let error = #expect(throws: GPUMergeError.self) {
        try PyTorchZipLayout.layout(
          [OutputTensor(name: "odd", dtype: dtype, shape: shape)], metadata: [])
      }
      #expect(error?.kind == .badDType)
      #expect(error?.subject == "odd")
    }
  }

  @Test("no tensors at all make a proper file")
  func empty() throws {
    let error = #expect(throws: GPUMergeError.self) {
      try TorchFile.open(Self.render([], metadata: []))
    }
    #expect(error?.kind == .notACheckpoint)
  }

  @Test("more than 65535 members and more than 4 GiB use zip64 records that our reader accepts")
  func zip64() throws {
    let many = (0..<66_000).map {
      OutputTensor(name: TensorName("\($0)"), dtype: .uint8, shape: [1])
    }
    let checkpoint = try TorchFile.open(Self.render(many, metadata: []))
    #expect(checkpoint.tensors.count == 66_000)
    try checkpoint.verify()
  }

  /// For Tests/Fixtures/check_layout.py, which shows the files to PyTorch, zipfile and unzip.
  @Test("files for other programs to read", .enabled(if: folder != nil))
  func writeFiles() throws {
    let folder = URL(filePath: try #require(Self.folder))
    let many = (0..<66_000).map {
      OutputTensor(name: TensorName("\($0)"), dtype: .uint8, shape: [1])
    }
    for (name, tensors, metadata) in [
      ("all", Self.tensors, Self.metadata), ("plain", Self.tensors, []), ("many", many, []),
      ("empty", [], []),
    ] {
      let bytes = try Self.render(tensors, metadata: metadata)
      try Data(bytes).write(to: folder.appending(path: "\(name).pt"))
    }
    try writeLarge(to: folder.appending(path: "large.pt"))
  }

  /// A sparse file of zeros with a tensor of more than 4 GiB and one after it.
  private func writeLarge(to url: URL) throws {
    let tensors = [
      OutputTensor(name: "large", dtype: .uint8, shape: [1 << 16, (1 << 16) + 1]),
      OutputTensor(name: "after", dtype: .float32, shape: [5]),
    ]
    let layout = try PyTorchZipLayout.layout(tensors, metadata: [])
    try Data().write(to: url)
    let file = try FileHandle(forWritingTo: url)
    try file.truncate(atOffset: UInt64(layout.byteCount))
    for literal in layout.literals {
      try file.seek(toOffset: UInt64(literal.offset))
      try file.write(contentsOf: Data(literal.bytes))
    }
    try file.close()
  }
}
