import ArgumentParser

/// The value of `--weights`: numbers separated by commas.
struct Weights: Sendable, Hashable {
  var values: [Double]

  init(parsing text: String) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let word = part.drop { $0 == " " }
      guard let value = Double(word), value.isFinite else {
        throw ValidationError("'\(word)' is not a number; give numbers separated by commas")
      }
      return value
    }
  }
}
