import GPUMerge
import GPUMergeCLI

/// What the page says of one kind of error.
struct ErrorRow: Sendable {
  let kind: GPUMergeError.Kind
  /// What is wrong, for those who have never seen the format.
  let meaning: String
  /// What to do, in more words than a message has room for.
  let remedy: String
  let examples: [ErrorExample]

  init(
    _ kind: GPUMergeError.Kind, _ meaning: String, todo remedy: String, _ examples: ErrorExample...
  ) {
    self.kind = kind
    self.meaning = meaning
    self.remedy = remedy
    self.examples = examples
  }

  /// The row as Markdown, and what is wrong with its examples.
  func rendered() async throws -> (text: String, problems: [String]) {
    var text = "### `\(kind.rawValue)`\n\n\(meaning)\n"
    var problems: [String] = []
    for (index, example) in examples.enumerated() {
      let outcome = try await example.outcome()
      let message = outcome.message.split(separator: "\n", omittingEmptySubsequences: false)
        .dropLast()
      text += "\n" + message.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined()
      if let problem = problem(with: outcome, of: example) {
        problems.append("\(kind.rawValue), example \(index): \(problem): \(outcome.message)")
      }
    }
    return (text + "\n**To do:** \(remedy)\n", problems)
  }

  private func problem(
    with outcome: ErrorExample.Outcome, of example: ErrorExample
  ) -> String? {
    if !outcome.message.hasPrefix("error: ") { return "it is no error" }
    if let kind = example.kind ?? outcome.kind, kind != self.kind {
      return "it is of kind \(kind.rawValue)"
    }
    if let status = outcome.status, status != kind.exitStatus.rawValue {
      return "it ends with \(status)"
    }
    return nil
  }
}

/// A chapter of the page.
struct ErrorSection: Sendable {
  let title: String
  let introduction: String
  let rows: [ErrorRow]

  init(_ title: String, _ introduction: String, _ rows: [ErrorRow]) {
    self.title = title
    self.introduction = introduction
    self.rows = rows
  }
}
