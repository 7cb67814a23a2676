/// The keys of one JSON object, to find a key that comes twice.
///
/// Keeps where each key starts in the text, not its bytes: a hash table of a million keys takes 16 MB.
struct JSONKeySet {
  /// Up to `listCount` starts in order; beyond that a hash table, where 0 is an empty place (no key
  /// starts at 0, as a brace and a quote come before it).
  private var starts: [Int] = []
  private var count = 0
  private static let listCount = 8

  /// Empties the set; keeps only memory that is cheap to keep.
  mutating func removeAll() {
    starts.removeAll(keepingCapacity: count <= Self.listCount)
    count = 0
  }

  /// Adds a key; false if it was there already.
  mutating func insert(_ key: JSONString, in text: [UInt8]) -> Bool {
    if count < Self.listCount { return insertIntoList(key, in: text) }
    if count == Self.listCount || count * 2 >= starts.count { grow(in: text) }
    guard let place = emptyPlace(for: key, in: text) else { return false }
    starts[place] = key.start
    count += 1
    return true
  }

  private mutating func insertIntoList(_ key: JSONString, in text: [UInt8]) -> Bool {
    for start in starts where JSONString(checkedAt: start, in: text).isSame(as: key, in: text) {
      return false
    }
    starts.append(key.start)
    count += 1
    return true
  }

  private mutating func grow(in text: [UInt8]) {
    let old = starts
    starts = Array(repeating: 0, count: max(64, old.count * 2))
    for start in old where start != 0 {
      let key = JSONString(checkedAt: start, in: text)
      if let place = emptyPlace(for: key, in: text) { starts[place] = start }
    }
  }

  /// The place in the table where the key belongs, or nil if it is in the table already.
  ///
  /// The table's size is a power of two and at most half of it is in use. `Hasher` has a random seed,
  /// so nobody can prepare keys that collide.
  private func emptyPlace(for key: JSONString, in text: [UInt8]) -> Int? {
    var place = key.hash(in: text) & (starts.count - 1)
    while starts[place] != 0 {
      if JSONString(checkedAt: starts[place], in: text).isSame(as: key, in: text) { return nil }
      place = (place + 1) & (starts.count - 1)
    }
    return place
  }
}
