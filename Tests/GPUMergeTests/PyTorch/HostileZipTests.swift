import GPUMerge
import Testing

@Suite("Hostile zip archives")
struct HostileZipTests {
  @Test("is refused for what it is", arguments: HostileZip.all)
  func refused(hostile: HostileZip) {
    let error = #expect(throws: GPUMergeError.self) {
      try TorchFile.readAll(TorchFile.open(hostile.bytes))
    }
    #expect(error?.kind == hostile.kind, "\(error?.description ?? "accepted")")
    #expect(error?.isShownOnOneLine == true)
  }

  @Test(
    "the archives that all lies are made from are good",
    arguments: [HostileZip.good.bytes(), HostileZip.goodZip64, Self.deflated, Self.described])
  func baseline(bytes: [UInt8]) throws {
    #expect(
      try TorchFile.readAll(TorchFile.open(bytes)).map(\.bytes) == [HostileZip.storage])
  }

  private static let deflated: [UInt8] = {
    var zip = HostileZip.good
    zip["a/data/0"] = HostileZip.deflated(HostileZip.deflateStream)
    return zip.bytes()
  }()

  /// With a data descriptor that has no signature, which is legal and rare.
  private static let described: [UInt8] = {
    var zip = HostileZip.good
    zip["a/data/0"].flags = 8
    zip["a/data/0"].tail =
      TestZip.field(TestZip.crc32(HostileZip.storage)) + [16, 0, 0, 0, 16, 0, 0, 0]
    for position in 14..<26 { zip["a/data/0"].localPatch[position] = 0 }
    return zip.bytes()
  }()

  @Test("a flipped bit is found whether the tensor was read whole, in part or not at all")
  func damage() throws {
    var zip = HostileZip.good
    zip["a/data/0"].crc = TestZip.crc32(HostileZip.storage)
    zip["a/data/0"].data[7] ^= 1
    for ranges in [[], [0..<16], [4..<8], [12..<16, 0..<4], [8..<16, 4..<12, 0..<16]] {
      let checkpoint = try TorchFile.open(zip.bytes())
      let tensor = try #require(checkpoint.tensors.first)
      var buffer = [UInt8](repeating: 0, count: 16)
      for range in ranges {
        try buffer.withUnsafeMutableBytes { try tensor.read(bytes: range, into: $0) }
      }
      let error = #expect(throws: GPUMergeError.self) { try checkpoint.verify() }
      #expect(error?.kind == .zipCRC)
      #expect(error?.subject == "a/data/0")
    }
  }

  @Test(
    "every prefix of a good file is refused",
    arguments: ["small", "rezipped_deflated", "no_crc", "zip_recursive"])
  func truncation(name: String) throws {
    let bytes = try TorchFixture(name: name).bytes()
    // One expectation for all: one for each of 11,000 would take seconds.
    let accepted = (0..<bytes.count).filter { count in
      let result = Result { try TorchFile.open(Array(bytes.prefix(count))) }
      guard case .failure(let error as GPUMergeError) = result else { return true }
      return error.kind != .zipStructure
    }
    #expect(accepted == [])
  }

  @Test("a cut file's message says what probably happened")
  func cutMessage() throws {
    let bytes = try TorchFixture(name: "small").bytes()
    let error = #expect(throws: GPUMergeError.self) { try TorchFile.open(bytes.dropLast(100)) }
    #expect(error?.advice?.contains("cut short") == true)
  }
}
