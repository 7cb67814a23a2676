import GPUMerge
import Testing

@Suite("hostile safetensors files")
struct HostileFileTests {
  @Test("a lie about sizes is refused", arguments: HostileFile.sizes)
  func sizes(file: HostileFile) throws { try expectRefusal(of: file) }

  @Test("text that is not strict JSON is refused", arguments: HostileFile.json)
  func json(file: HostileFile) throws { try expectRefusal(of: file) }

  @Test("a key that comes twice is refused", arguments: HostileFile.duplicates)
  func duplicates(file: HostileFile) throws { try expectRefusal(of: file) }

  @Test("a value of the wrong type is refused", arguments: HostileFile.types)
  func types(file: HostileFile) throws { try expectRefusal(of: file) }

  @Test("a bad shape is refused", arguments: HostileFile.shapes)
  func shapes(file: HostileFile) throws { try expectRefusal(of: file) }

  @Test("bad offsets are refused", arguments: HostileFile.ranges)
  func ranges(file: HostileFile) throws { try expectRefusal(of: file) }

  private func expectRefusal(of file: HostileFile) throws {
    try withFile(file.bytes) { path in
      let error = try #require(throws: GPUMergeError.self) { try Checkpoint.open(path) }
      #expect(error.kind == file.kind, "\(error)")
      #expect(error.file == path)
      if let offset = file.offset { #expect(error.offset == offset, "\(error)") }
      if let subject = file.subject { #expect(error.subject == subject, "\(error)") }
      #expect(error.isShownOnOneLine, "\(error)")
    }
  }
}
