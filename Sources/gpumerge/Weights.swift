import ArgumentParser

/// The value of `--weights`: numbers separated by commas.
struct Weights: Sendable, Hashable {
  var values: [Double]
  /// As they were given.
  var text: String

  init(parsing text: String) throws {
    self.text = text
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let word = part.drop { $0 == " " }
      guard let value = Double(word), value.isFinite else {
        throw ValidationError("'\(word)' is not a number; give numbers separated by commas alone")
      }
      return value
    }
  }
}
