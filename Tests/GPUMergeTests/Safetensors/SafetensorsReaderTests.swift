import GPUMerge
import SystemPackage
import Testing

@Suite("safetensors reader")
struct SafetensorsReaderTests {
  @Test("the fixtures are found")
  func fixtures() {
    #expect(SafetensorsFixture.all.count == 17)
    let dtypes = Set(SafetensorsFixture.all.flatMap(\.oracle.tensors).map(\.dtype))
    #expect(dtypes == Set(DType.allCases.compactMap(\.safetensorsName)))
  }

  @Test("a good file reads as the safetensors library reads it", arguments: SafetensorsFixture.all)
  func good(fixture: SafetensorsFixture) throws {
    let checkpoint = try Checkpoint.open(fixture.path)
    #expect(checkpoint.format == .safetensors)
    #expect(checkpoint.path == fixture.path)
    let metadata = checkpoint.metadata.map { [hex($0.key.utf8), hex($0.value.utf8)] }
    #expect(metadata == fixture.oracle.metadata.map { $0.map { hex($0.utf8) } })
    #expect(checkpoint.tensors.map { hex($0.name.utf8) } == fixture.oracle.tensors.map(\.name))
    for (tensor, expected) in zip(checkpoint.tensors, fixture.oracle.tensors) {
      #expect(tensor.dtype.safetensorsName == expected.dtype)
      #expect(tensor.shape == expected.shape)
      #expect(!tensor.isBigEndian)
      #expect(hex(try tensor.bytes()) == expected.data)
    }
    try checkpoint.verify()
  }

  @Test("all tensors share the data section as their source")
  func sharedSource() throws {
    let fixture = try #require(SafetensorsFixture.all.first { $0.name == "every_dtype" })
    let checkpoint = try Checkpoint.open(fixture.path)
    let source = try #require(checkpoint.tensors.first?.source)
    #expect(checkpoint.tensors.allSatisfy { $0.source === source })
    #expect(source.byteCount == checkpoint.tensors.reduce(0) { $0 + $1.byteCount })
  }

  @Test("every prefix of a good file is refused", arguments: SafetensorsFixture.all)
  func truncation(fixture: SafetensorsFixture) throws {
    let bytes = try fixture.bytes
    try withFile(bytes) { path in
      let file = try FileDescriptor.open(path, .writeOnly)
      defer { try? file.close() }
      for count in (0..<bytes.count).reversed() {
        try file.resize(to: Int64(count))
        let error = #expect(throws: GPUMergeError.self) { try Checkpoint.open(path) }
        #expect(error?.kind == .truncated, "\(count) bytes")
        #expect(error?.file == path)
        #expect(error?.offset == count, "\(count) bytes")
      }
    }
  }

  @Test("a truncated file says how many bytes are missing")
  func missingBytes() throws {
    let header = #"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#
    let file = safetensors(header.utf8, data: [UInt8](repeating: 0, count: 14))
    try withFile(file) { path in
      let error = #expect(throws: GPUMergeError.self) { try Checkpoint.open(path) }
      #expect(error?.problem == "the file ends 2 bytes before the end of the last tensor")
      #expect(error?.subject == "w")
      #expect(error?.offset == file.count)
    }
  }

  @Test("a file that changed after it was opened is found out")
  func changed() throws {
    let fixture = try #require(SafetensorsFixture.all.first { $0.name == "unaligned_data" })
    try withFile(try fixture.bytes) { path in
      let checkpoint = try Checkpoint.open(path)
      let descriptor = try FileDescriptor.open(path, .writeOnly, options: .append)
      try descriptor.closeAfter { _ = try descriptor.writeAll([0]) }
      let error = #expect(throws: GPUMergeError.self) { try checkpoint.verify() }
      #expect(error?.kind == .inputChanged)
    }
  }

  @Test("limits are honoured")
  func limits() throws {
    let text = Array(
      #"{"aa":{"dtype":"U8","shape":[1,1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}"#
        .utf8)
    func kind(_ change: (inout Limits) -> Void) -> GPUMergeError.Kind? {
      var limits = Limits()
      change(&limits)
      do throws(GPUMergeError) {
        _ = try SafetensorsHeader(parsing: text, dataByteCount: 2, limits: limits)
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(kind { $0.nameByteCount = 2 } == nil)
    #expect(kind { $0.nameByteCount = 1 } == .headerSize)
    #expect(kind { $0.tensorCount = 2 } == nil)
    #expect(kind { $0.tensorCount = 1 } == .headerSize)
    #expect(kind { $0.dimensionCount = 2 } == nil)
    #expect(kind { $0.dimensionCount = 1 } == .badShape)
    #expect(kind { $0.depth = 3 } == nil)
    #expect(kind { $0.depth = 2 } == .badShape)
    #expect(kind { $0.depth = 1 } == .headerJSON)
  }
}
