import GPUMerge
import TestSupport
import Testing

@Suite("safetensors fuzzing")
struct SafetensorsFuzzTests {
  /// Texts that mean something in a header, to make mutations that get past the grammar.
  private static let words = [
    "0", "1", "4", "16", "18446744073709551615", "9223372036854775807", "-1", "4.0", "null", "[]",
    "{}", "[0,0]", "\"\"", "\"F4\"", "\"U8\"", "\"F64\"", "\"w\"", "\\u0077", "\\ud800", ",", ":",
    "{", "}", "[", "]", "\"", "\\", " ", "\u{0}", "\u{E9}", "\"__metadata__\":", "\"dtype\":",
    "\"shape\":", "\"data_offsets\":",
  ].map { Array($0.utf8) }

  @Test(
    "no mutation traps, and what is accepted lies inside the data",
    arguments: SafetensorsFixture.all)
  func mutations(fixture: SafetensorsFixture) throws {
    let file = try fixture.bytes
    let headerEnd = 8 + Int(SafetensorsHeader.byteCount(prefix: file[..<8]))
    var random = SeededGenerator(seed: UInt64(fixture.name.utf8.count))
    var accepted = 0
    for _ in 0..<1000 {
      var header = Array(file[8..<headerEnd])
      for _ in 0...Int.random(in: 0..<3, using: &random) { mutate(&header, &random) }
      let dataByteCount = file.count - headerEnd
      guard let tensors = parse(header, dataByteCount) else { continue }
      accepted += 1
      expectCovered(tensors, dataByteCount)
    }
    // Some mutations change names or whitespace only, so not all can be refused.
    #expect(accepted < 1000)
  }

  private func parse(_ header: [UInt8], _ dataByteCount: Int) -> [TensorInfo]? {
    do throws(GPUMergeError) {
      return try SafetensorsHeader(parsing: header, dataByteCount: dataByteCount)
        .tensors(in: EmptySource(byteCount: dataByteCount))
    } catch {
      let end = 8 + header.count + dataByteCount
      #expect((8...end).contains(error.offset ?? -1), "\(error)")
      return nil
    }
  }

  /// Expects that the tensors fill the data section without holes or overlaps.
  private func expectCovered(_ tensors: [TensorInfo], _ dataByteCount: Int) {
    var end = 0
    for tensor in tensors {
      #expect(tensor.layout == .contiguous(byteOffset: end))
      end += tensor.byteCount
    }
    #expect(end == dataByteCount)
    #expect(Set(tensors.map(\.name)).count == tensors.count)
  }

  private func mutate(_ header: inout [UInt8], _ random: inout SeededGenerator) {
    let index = Int.random(in: 0...header.count, using: &random)
    let length = Int.random(in: 0...min(8, header.count - index), using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0 where index < header.count:
      header[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: header.removeSubrange(index..<index + length)
    case 2: header.insert(contentsOf: header[index..<index + length], at: index)
    case 3:
      let word = Self.words.randomElement(using: &random) ?? []
      header.replaceSubrange(index..<index + length, with: word)
    default:
      // A digit for a digit keeps the grammar and lies about numbers.
      let digits = header.indices.filter { (0x30...0x39).contains(header[$0]) }
      guard let digit = digits.randomElement(using: &random) else { return }
      header[digit] = UInt8.random(in: 0x30...0x39, using: &random)
    }
  }
}

/// A source whose bytes nobody reads.
private final class EmptySource: ByteSource {
  let byteCount: Int

  init(byteCount: Int) { self.byteCount = byteCount }

  func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) {}
}
