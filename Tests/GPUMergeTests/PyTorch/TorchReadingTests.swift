import GPUMerge
import Testing

@Suite("Reading what torch.save wrote")
struct TorchReadingTests {
  @Test("names, types, shapes and bytes are what PyTorch reads", arguments: TorchFixture.all)
  func tensors(fixture: TorchFixture) throws {
    let checkpoint = try fixture.open()
    #expect(
      try checkpoint.tensors.map { try TorchFixture.Tensor(reading: $0) } == fixture.expected())
    try checkpoint.verify()
  }

  @Test(
    "a tensor reads the same in pieces of any size", arguments: TorchFixture.all, [1, 2, 3, 5, 7])
  func pieces(fixture: TorchFixture, elementCount: Int) throws {
    let checkpoint = try fixture.open()
    #expect(
      try checkpoint.tensors.map {
        try TorchFixture.Tensor(reading: $0, pieceByteCount: elementCount)
      } == fixture.expected())
    try checkpoint.verify()
  }

  @Test("a compressed storage reads the same from anywhere, in any order")
  func deflated() throws {
    let checkpoint = try TorchFixture(name: "deflated_large").open()
    let tensor = try #require(checkpoint.tensors.first)
    #expect(tensor.shape == [3072, 2048])
    var bytes = [UInt8](repeating: 0, count: 4096)
    // Row i holds the elements i, i + 3072, i + 6144, ... of the storage.
    for row in [3071, 0, 1, 1500, 1499] {
      try bytes.withUnsafeMutableBytes {
        try tensor.read(bytes: row * 4096..<(row + 1) * 4096, into: $0)
      }
      let expected = (0..<2048).map { ($0 * 3072 + row) % 1009 }
      #expect((0..<2048).map { Int(bytes[2 * $0]) | Int(bytes[2 * $0 + 1]) << 8 } == expected)
    }
  }

  @Test("entries beside the tensors are named in a warning")
  func leftAside() throws {
    let warnings = try TorchFixture(name: "lightning").open().warnings
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("'epoch', 'global_step'") == true)
  }

  @Test("CRCs that were never computed are a warning, not an error")
  func noCRC() throws {
    let checkpoint = try TorchFixture(name: "no_crc").open()
    #expect(checkpoint.warnings.count == 1)
    #expect(checkpoint.warnings.first?.contains("CRC-32") == true)
    try checkpoint.verify()
  }

  @Test("Python attributes of tensors are named in a warning")
  func attributes() throws {
    let warnings = try TorchFixture(name: "attributes").open().warnings
    #expect(warnings == ["2 tensors have Python attributes, which are not kept"])
  }

  @Test("good files have no warnings", arguments: ["every_dtype", "layouts", "module", "small"])
  func silence(name: String) throws {
    #expect(try TorchFixture(name: name).open().warnings == [])
  }

  @Test("a dict with several nested ones is not guessed at, but --root leads to it")
  func roots() throws {
    var fixture = TorchFixture(name: "nested_twice")
    let error = #expect(throws: GPUMergeError.self) { try fixture.open() }
    #expect(error?.kind == .notACheckpoint)
    #expect(error?.description.contains("'outer', 'epoch'") == true)
    #expect(error?.advice?.contains("--root KEY") == true)
    for (root, part) in [("outer", "among"), ("epoch", "an int"), ("outer.x", "no 'outer.x'")] {
      fixture.root = root
      let error = #expect(throws: GPUMergeError.self) { try fixture.open() }
      #expect(error?.kind == .notACheckpoint)
      #expect(error?.problem.contains(part) == true, "\(root): \(error?.problem ?? "")")
    }
  }
}
