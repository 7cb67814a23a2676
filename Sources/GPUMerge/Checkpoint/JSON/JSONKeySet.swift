/// The keys of one JSON object, to find a key that comes twice.
///
/// Keeps where each key starts in the text, not its bytes: a hash table of a million keys takes 16 MB.
struct JSONKeySet {
  /// The first `listCount` keys in order, as most objects have no more.
  private var list: [JSONString] = []
  /// A hash table of all keys, if there are more.
  private var entries: [Entry] = []
  private var count = 0
  private static let listCount = 8

  /// A key, or an empty place: no key starts at 0, as a brace and a quote come before it.
  private struct Entry {
    /// The key's place in the table, and what tells it from most others without a look at the text.
    var hash: UInt32 = 0
    var start: UInt32 = 0

    init() {}

    init(_ key: JSONString, in text: [UInt8]) {
      hash = UInt32(truncatingIfNeeded: key.hash(in: text))
      start = UInt32(key.start)
    }
  }

  /// Empties the set; keeps only memory that is cheap to keep.
  mutating func removeAll() {
    list.removeAll(keepingCapacity: true)
    entries = []
    count = 0
  }

  /// Adds a key; false if it was there already.
  mutating func insert(_ key: JSONString, in text: [UInt8]) -> Bool {
    if count < Self.listCount { return insertIntoList(key, in: text) }
    if count == Self.listCount || count * 2 >= entries.count { grow(in: text) }
    let entry = Entry(key, in: text)
    var place = Int(entry.hash) & (entries.count - 1)
    while entries[place].start != 0 {
      if entries[place].hash == entry.hash, isSame(entries[place], key, in: text) { return false }
      place = (place + 1) & (entries.count - 1)
    }
    entries[place] = entry
    count += 1
    return true
  }

  private mutating func insertIntoList(_ key: JSONString, in text: [UInt8]) -> Bool {
    for other in list where other.isSame(as: key, in: text) { return false }
    list.append(key)
    count += 1
    return true
  }

  private func isSame(_ entry: Entry, _ key: JSONString, in text: [UInt8]) -> Bool {
    JSONString(checkedAt: Int(entry.start), in: text).isSame(as: key, in: text)
  }

  /// Makes the list a table, or the table twice as large.
  ///
  /// The table's size is a power of two and at most half of it is in use. `Hasher` has a random seed,
  /// so nobody can prepare keys that collide.
  private mutating func grow(in text: [UInt8]) {
    let old = entries.isEmpty ? list.map { Entry($0, in: text) } : entries
    entries = Array(repeating: Entry(), count: max(64, old.count * 2))
    for entry in old where entry.start != 0 {
      var place = Int(entry.hash) & (entries.count - 1)
      while entries[place].start != 0 { place = (place + 1) & (entries.count - 1) }
      entries[place] = entry
    }
  }
}
