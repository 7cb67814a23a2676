/// Which tensors go into which file of a folder.
package enum Sharding {
  /// Fills one shard after the other in the order of the tensors, as `huggingface_hub`'s
  /// `split_state_dict_into_shards` does: a tensor that does not fit opens the next one, and one
  /// that is larger than a shard gets one of its own.
  ///
  /// The result has the indices of the tensors of each shard, and is never empty.
  package static func shards(of byteCounts: [Int], maximum: Int) -> [[Int]] {
    var shards: [[Int]] = []
    var current: [Int] = []
    var size = 0
    for (index, byteCount) in byteCounts.enumerated() {
      if byteCount > maximum {
        shards.append([index])
        continue
      }
      if size + byteCount > maximum, !current.isEmpty {
        shards.append(current)
        current = []
        size = 0
      }
      current.append(index)
      size += byteCount
    }
    if !current.isEmpty || shards.isEmpty { shards.append(current) }
    return shards
  }

  /// The name of a shard, counted from 0: `model.safetensors` if it is the only one.
  package static func name(ofShard index: Int, of count: Int) -> String {
    guard count > 1 else { return "model.safetensors" }
    return "model-\(fiveDigits(index + 1))-of-\(fiveDigits(count)).safetensors"
  }

  private static func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
