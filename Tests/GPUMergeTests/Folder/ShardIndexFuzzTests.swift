import GPUMerge
import TestSupport
import Testing

@Suite("mutated indexes")
struct ShardIndexFuzzTests {
  private static let kinds: Set<GPUMergeError.Kind> = [
    .indexJSON, .indexPath, .indexMissingShard, .indexMissingTensor,
  ]

  @Test("are refused as indexes, or list exactly the tensors that are there", arguments: 0..<8)
  func mutations(seed: UInt64) throws {
    let folder = try TestFolder()
    try folder.writeSharded()
    let good = Array(
      #"{"metadata":{"total_size":12},"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}}"#
        .utf8)
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<100 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: bytes.indices, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes.remove(at: index)
        default: bytes.insert(bytes[(index + 7) % bytes.count], at: index)
        }
      }
      try folder.write(bytes, to: "model.safetensors.index.json")
      do {
        #expect(try folder.open().tensors.map(\.name) == ["a", "b", "c"])
      } catch let error as GPUMergeError {
        #expect(Self.kinds.contains(error.kind), "\(error)")
        refused += 1
      }
    }
    #expect(refused > 50)
  }
}
