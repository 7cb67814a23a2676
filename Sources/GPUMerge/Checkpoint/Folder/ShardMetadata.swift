/// The metadata of a checkpoint whose shards have metadata each.
enum ShardMetadata {
  typealias Pairs = [(key: String, value: String)]

  /// What all shards agree on, which is all of it or nothing, and a warning if something is lost.
  static func common(of shards: [Pairs]) -> (metadata: Pairs, warning: String?) {
    guard let first = shards.first else { return ([], nil) }
    if shards.dropFirst().allSatisfy({ isSame($0, first) }) { return (first, nil) }
    let keys = Set(shards.joined().map(\.key)).subtracting(["format"]).sorted()
    guard let key = keys.first else { return ([], nil) }
    return (
      [], "the shards differ in their metadata, such as '\(escaped(key))', which is not kept"
    )
  }

  private static func isSame(_ left: Pairs, _ right: Pairs) -> Bool {
    func bytes(_ pairs: Pairs) -> Set<[[UInt8]]> {
      Set(pairs.map { [Array($0.key.utf8), Array($0.value.utf8)] })
    }
    return left.count == right.count && bytes(left) == bytes(right)
  }
}
