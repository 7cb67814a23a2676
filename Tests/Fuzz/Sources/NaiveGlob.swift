/// fnmatch as Python's documentation describes it, by trying everything.
struct NaiveGlob {
  private var parts: [(Unicode.Scalar) -> Bool] = []
  /// The parts that are stars.
  private var stars: Set<Int> = []

  init(_ pattern: String) {
    var rest = Array(pattern.unicodeScalars)[...]
    while let first = rest.popFirst() {
      if first == "*" {
        stars.insert(parts.count)
        parts.append { _ in true }
      } else if first == "?" {
        parts.append { _ in true }
      } else if first == "[", let (members, end) = Self.members(rest) {
        let isNegated = members.first == "!"
        let set = Self.set(Array(members.dropFirst(isNegated ? 1 : 0)))
        parts.append { set($0) != isNegated }
        rest = rest[end...]
      } else {
        parts.append { $0 == first }
      }
    }
  }

  /// What is between brackets, and where it goes on behind them.
  private static func members(
    _ rest: ArraySlice<Unicode.Scalar>
  ) -> (ArraySlice<Unicode.Scalar>, Int)? {
    var index = rest.startIndex
    if index < rest.endIndex, rest[index] == "!" { index += 1 }
    if index < rest.endIndex, rest[index] == "]" { index += 1 }
    while index < rest.endIndex, rest[index] != "]" { index += 1 }
    return index < rest.endIndex ? (rest[..<index], index + 1) : nil
  }

  private static func set(_ members: [Unicode.Scalar]) -> (Unicode.Scalar) -> Bool {
    var index = 0
    var tests: [(Unicode.Scalar) -> Bool] = []
    while index < members.count {
      let first = members[index]
      if index + 2 < members.count, members[index + 1] == "-" {
        let last = members[index + 2]
        tests.append { $0.value >= first.value && $0.value <= last.value }
        index += 3
      } else {
        tests.append { $0 == first }
        index += 1
      }
    }
    return { scalar in tests.contains { $0(scalar) } }
  }

  func matches(_ name: String) -> Bool {
    // Whether the parts so far match the name so far, for each length of both.
    var row = [true] + Array(repeating: false, count: name.unicodeScalars.count)
    for index in parts.indices {
      var next = Array(repeating: false, count: row.count)
      next[0] = row[0] && stars.contains(index)
      for (position, scalar) in name.unicodeScalars.enumerated() {
        next[position + 1] =
          stars.contains(index)
          ? row[position + 1] || next[position] : row[position] && parts[index](scalar)
      }
      row = next
    }
    return row.last == true
  }
}
