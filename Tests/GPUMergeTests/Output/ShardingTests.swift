import GPUMerge
import Testing

@Suite("Shards")
struct ShardingTests {
  @Test("are filled in the order of the tensors; what is larger than one has its own")
  func order() {
    #expect(Sharding.shards(of: [3, 3, 3, 3], maximum: 6) == [[0, 1], [2, 3]])
    #expect(Sharding.shards(of: [4, 3, 3, 5], maximum: 6) == [[0], [1, 2], [3]])
    // As huggingface_hub does it: the shard that is being filled is not closed by a giant.
    #expect(Sharding.shards(of: [2, 9, 2], maximum: 6) == [[1], [0, 2]])
    #expect(Sharding.shards(of: [0, 6, 0], maximum: 6) == [[0, 1, 2]])
    #expect(Sharding.shards(of: [], maximum: 6) == [[]])
  }

  @Test("are named as transformers names them, and a single one has the short name")
  func names() {
    #expect(Sharding.name(ofShard: 0, of: 1) == "model.safetensors")
    #expect(Sharding.name(ofShard: 0, of: 3) == "model-00001-of-00003.safetensors")
    #expect(Sharding.name(ofShard: 11, of: 123) == "model-00012-of-00123.safetensors")
  }
}
