/// The index of a sharded checkpoint, `model.safetensors.index.json`: which tensor is in which file.
///
/// Pure: bytes in, values out, no file. A tensor is one flat entry, so that a hostile index cannot
/// make us allocate much more than its own size.
struct ShardIndex {
  /// The shards, in the order of their names, which is the order of their numbers.
  private(set) var shards: [String] = []
  /// What the index says that all tensors take in bytes, if it says it.
  private(set) var totalByteCount: Double?
  private var scanner: JSONScanner
  private var entries: [Entry] = []
  private let fileExtension: String
  private let limits: Limits

  private struct Entry {
    /// The index of the tensor's name in the text, after the quote.
    var name: Int
    /// The position in `shards`.
    var shard: Int
  }

  /// Parses the text of an index of shards that have `fileExtension`.
  init(
    parsing text: [UInt8], fileExtension: String, limits: Limits = Limits()
  ) throws(GPUMergeError) {
    self.fileExtension = fileExtension
    self.limits = limits
    do throws(GPUMergeError) {
      scanner = try JSONScanner(
        text, depthLimit: limits.depth, errorKind: .indexJSON,
        noun: "the index, which lists the files of the tensors,")
      try parse()
    } catch {
      var error = error
      if error.kind != .indexPath { error.kind = .indexJSON }
      throw error
    }
    sortShards()
  }

  /// The number of tensors.
  var tensorCount: Int { entries.count }

  /// Calls `body` with each tensor's name and the position of its shard, in the order of the index.
  func forEach(
    _ body: (TensorName, Int) throws(GPUMergeError) -> Void
  ) throws(GPUMergeError) {
    for entry in entries {
      let name = JSONString(checkedAt: entry.name, in: scanner.text).value(in: scanner.text)
      try body(TensorName(name), entry.shard)
    }
  }

  private mutating func parse() throws(GPUMergeError) {
    try scanner.beginObject("'{', the start of the index")
    while let key = try scanner.nextKey() {
      if key.isSame(as: "weight_map", in: scanner.text) {
        try parseWeightMap()
      } else if key.isSame(as: "metadata", in: scanner.text) {
        try parseMetadata()
      } else {
        try scanner.skipValue()
      }
    }
    try scanner.end()
    guard !entries.isEmpty else {
      throw GPUMergeError(
        .indexJSON, "the index lists no tensors: its weight_map is missing or empty")
    }
  }

  private mutating func parseWeightMap() throws(GPUMergeError) {
    // By bytes, as `String` holds different spellings of an accent for equal.
    var positions: [[UInt8]: Int] = [:]
    try scanner.beginObject("an object that gives the file of each tensor")
    while let key = try scanner.nextKey() {
      guard entries.count < limits.tensorCount else {
        throw scanner.error(
          "there are more than \(limits.tensorCount) tensors", at: key.start,
          advice: GPUMergeError.Kind.raise("tensorCount"))
      }
      let file = try scanner.string("the name of a file")
      let name = file.unescaped(in: scanner.text)
      let position = positions[name] ?? shards.count
      if position == shards.count {
        try append(String(decoding: name, as: UTF8.self), at: file.start)
        positions[name] = position
      }
      entries.append(Entry(name: key.start, shard: position))
    }
  }

  private mutating func append(_ shard: String, at start: Int) throws(GPUMergeError) {
    if let problem = ShardName.objection(to: shard, fileExtension: fileExtension, limits: limits) {
      var error = scanner.error(
        problem, .indexPath, at: start,
        advice: "Shards are files of the same folder: download the index again")
      error.subject = shard
      throw error
    }
    guard shards.count < limits.shardCount else {
      throw scanner.error(
        "there are more than \(limits.shardCount) shards", at: start,
        advice: GPUMergeError.Kind.raise("shardCount"))
    }
    shards.append(shard)
  }

  private mutating func parseMetadata() throws(GPUMergeError) {
    try scanner.beginObject("an object with the metadata")
    while let key = try scanner.nextKey() {
      guard key.isSame(as: "total_size", in: scanner.text) else {
        try scanner.skipValue()
        continue
      }
      let position = scanner.position
      let value: Double? =
        switch try scanner.value() {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .number(let value): value
        default: nil
        }
      guard let value, value >= 0 else {
        throw scanner.error("the total_size is not a number of bytes", at: position)
      }
      totalByteCount = value
    }
  }

  /// Puts the shards in the order of their names, as the index's own order is that of the tensors.
  private mutating func sortShards() {
    let order = shards.indices.sorted { shards[$0].utf8.lexicographicallyPrecedes(shards[$1].utf8) }
    var positions = order
    for (new, old) in order.enumerated() { positions[old] = new }
    shards = order.map { shards[$0] }
    for index in entries.indices { entries[index].shard = positions[entries[index].shard] }
  }
}
