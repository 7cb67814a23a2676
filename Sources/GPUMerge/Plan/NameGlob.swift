/// A pattern of tensor names: `*`, `?` and `[...]` as in Python's fnmatch, on the whole name.
package struct NameGlob: Sendable {
  package let pattern: String
  private let tokens: [Token]

  private enum Token: Sendable {
    case star
    case one
    case literal(Unicode.Scalar)
    case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)

    func matches(_ scalar: Unicode.Scalar) -> Bool {
      switch self {
      case .star: false
      case .one: true
      case .literal(let literal): literal == scalar
      case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
      }
    }
  }

  package init(_ pattern: String) {
    self.pattern = pattern
    let scalars = Array(pattern.unicodeScalars)
    var tokens: [Token] = []
    var index = 0
    while index < scalars.count {
      switch scalars[index] {
      case "*": tokens.append(.star)
      case "?": tokens.append(.one)
      case "[":
        if let (token, end) = Self.set(in: scalars, from: index) {
          tokens.append(token)
          index = end
        } else {
          tokens.append(.literal("["))
        }
      default: tokens.append(.literal(scalars[index]))
      }
      index += 1
    }
    self.tokens = tokens
  }

  /// The set that begins with the bracket at `start`, and where its closing bracket is, if it has one.
  private static func set(
    in scalars: [Unicode.Scalar], from start: Int
  ) -> (Token, end: Int)? {
    var first = start + 1
    let isNegated = first < scalars.count && scalars[first] == "!"
    if isNegated { first += 1 }
    // A bracket right after the opening one is a member.
    guard first < scalars.count,
      let end = scalars[(first + 1)...].firstIndex(of: "]")
    else { return nil }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var index = first
    while index < end {
      if index + 2 < end, scalars[index + 1] == "-" {
        if scalars[index] <= scalars[index + 2] {
          ranges.append(scalars[index]...scalars[index + 2])
        }
        index += 3
      } else {
        ranges.append(scalars[index]...scalars[index])
        index += 1
      }
    }
    return (.set(ranges, isNegated: isNegated), end)
  }

  package func matches(_ name: TensorName) -> Bool {
    let scalars = Array(name.description.unicodeScalars)
    var position = 0
    var token = 0
    // Only the last star may ever have to take more: no pattern takes more than n * m steps.
    var retry: (token: Int, position: Int)?
    while position < scalars.count {
      if token < tokens.count, case .star = tokens[token] {
        token += 1
        retry = (token, position)
      } else if token < tokens.count, tokens[token].matches(scalars[position]) {
        token += 1
        position += 1
      } else if let last = retry {
        token = last.token
        position = last.position + 1
        retry = (last.token, position)
      } else {
        return false
      }
    }
    return tokens[token...].allSatisfy { if case .star = $0 { true } else { false } }
  }

  /// The pattern that matches this name and no other.
  package static func escaping(_ name: TensorName) -> String {
    name.description.unicodeScalars.reduce(into: "") { text, scalar in
      text += "*?[".unicodeScalars.contains(scalar) ? "[\(scalar)]" : String(scalar)
    }
  }

  /// Up to three of the names that have most in common with the pattern.
  package func nearestNames(in names: [TensorName]) -> [TensorName] {
    let text = pattern.utf8.filter { !"*?[]".utf8.contains($0) }.prefix(128)
    let scored = names.prefix(20_000).map { ($0, Self.commonRun(Array(text), $0.utf8)) }
    return scored.filter { $0.1 > 1 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(3).map(\.0)
  }

  /// The length of the longest run of bytes that both have.
  private static func commonRun(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var best = 0
    var row = Array(repeating: 0, count: a.count + 1)
    for byte in b.prefix(256) {
      for index in a.indices.reversed() {
        row[index + 1] = a[index] == byte ? row[index] + 1 : 0
        best = max(best, row[index + 1])
      }
    }
    return best
  }
}
