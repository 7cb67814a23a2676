import Foundation
import GPUMerge
import TestSupport
import Testing

@Suite("Mutated PyTorch files")
struct TorchFuzzTests {
  /// Mutations for each seed; more by hand.
  private static let rounds =
    ProcessInfo.processInfo.environment["GPUMERGE_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 250

  /// Bytes that are more likely than others to lead somewhere.
  private static let telling: [UInt8] = [
    0, 1, 2, 4, 8, 0x7F, 0x80, 0xFE, 0xFF, 0x28, 0x2E, 0x52, 0x51, 0x62, 0x71, 0x68, 0x74, 0x8A,
    0x63,
  ]

  @Test("a mutated pickle is an error or gives tensors that can be read", arguments: 0..<8)
  func pickles(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let source = try Self.parts(of: ["layouts", "training", "protocol4", "every_dtype"][seed % 4])
    for _ in 0..<Self.rounds {
      var pickle = source.pickle
      for _ in 0..<Int.random(in: 1...3, using: &random) { Self.mutate(&pickle, &random) }
      let zip = TestZip.checkpoint(pickle, storages: source.storages)
      try Self.exercise(zip.bytes())
    }
  }

  @Test("a mutated archive is an error or gives tensors that can be read", arguments: 0..<8)
  func archives(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(100 + seed))
    let names = ["small", "rezipped_deflated", "zip_recursive", "no_crc"]
    let source = try TorchFixture(name: names[seed % 4]).bytes()
    for _ in 0..<Self.rounds {
      var bytes = source
      for _ in 0..<Int.random(in: 1...2, using: &random) { Self.mutate(&bytes, &random) }
      try Self.exercise(bytes)
    }
  }

  @Test("a mutated file of the old format is an error or can be read", arguments: 0..<8)
  func legacy(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(200 + seed))
    let names = [
      "layouts", "training", "protocol4", "python2", "views", "untyped", "module", "small",
    ]
    let source = try TorchFixture(name: "legacy/\(names[seed])").bytes()
    for _ in 0..<Self.rounds {
      var bytes = source
      for _ in 0..<Int.random(in: 1...3, using: &random) { Self.mutate(&bytes, &random) }
      try Self.exercise(bytes)
    }
  }

  @Test("mutated objects of unknown classes are passed over or refused", arguments: 0..<4)
  func objects(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(300 + seed))
    let names = ["objects2", "objects4", "detr", "objects5"]
    let source = try Self.parts(of: "objects/\(names[seed])")
    for _ in 0..<Self.rounds {
      var pickle = source.pickle
      for _ in 0..<Int.random(in: 1...3, using: &random) { Self.mutate(&pickle, &random) }
      let zip = TestZip.checkpoint(pickle, storages: source.storages)
      try Self.exercise(zip.bytes(), allowsOpaqueObjects: true)
    }
  }

  /// Reads it all.
  ///
  /// Whatever the file says, nothing but a GPUMergeError may come of it.
  private static func exercise(_ bytes: [UInt8], allowsOpaqueObjects: Bool = false) throws {
    do {
      let checkpoint = try TorchFile.open(bytes, allowsOpaqueObjects: allowsOpaqueObjects)
      for tensor in checkpoint.tensors where tensor.byteCount < 1 << 20 {
        #expect(try TorchFixture.Tensor(reading: tensor).bytes.count == tensor.byteCount)
      }
      try checkpoint.verify()
    } catch is GPUMergeError {}
  }

  private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let index = Int.random(in: bytes.indices, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[index] = .random(in: .min ... .max, using: &random)
    case 2: bytes[index] = telling.randomElement(using: &random) ?? 0
    case 3: bytes.insert(telling.randomElement(using: &random) ?? 0, at: index)
    case 4: bytes.remove(at: index)
    default:
      let end = min(bytes.count, index + Int.random(in: 1...40, using: &random))
      let target = Int.random(in: bytes.indices, using: &random)
      bytes.insert(contentsOf: Array(bytes[index..<end]), at: target)
    }
  }

  /// The pickle and storages of a file, taken from it with nothing but the layout torch uses.
  private static func parts(
    of name: String
  ) throws -> (pickle: [UInt8], storages: [(String, [UInt8])]) {
    let bytes = try TorchFixture(name: name).bytes()
    var pickle: [UInt8] = []
    var storages: [(String, [UInt8])] = []
    var position = bytes.count - 22
    func number(_ offset: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    position = number(position + 16, 4)
    while number(position, 4) == 0x0201_4B50 {
      let nameCount = number(position + 28, 2)
      let member = String(
        decoding: bytes[position + 46..<position + 46 + nameCount], as: UTF8.self)
      let header = number(position + 42, 4)
      let start = header + 30 + number(header + 26, 2) + number(header + 28, 2)
      let data = Array(bytes[start..<start + number(position + 24, 4)])
      let parts = member.split(separator: "/")
      if parts.last == "data.pkl" { pickle = data }
      if parts.count == 3, parts[1] == "data" { storages.append((String(parts[2]), data)) }
      position += 46 + nameCount + number(position + 30, 2) + number(position + 32, 2)
    }
    return (pickle, storages)
  }
}
