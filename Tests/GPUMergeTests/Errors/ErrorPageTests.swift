import Foundation
import GPUMerge
import Testing

@Suite("The page of all errors")
struct ErrorPageTests {
  private static let path = TorchFixture.folder
    .appending(path: "../../../Documentation/Errors.md").standardizedFileURL

  @Test("has every kind once")
  func kinds() {
    let kinds = ErrorPage.sections.flatMap(\.rows).map(\.kind.rawValue)
    #expect(kinds.sorted() == GPUMergeError.Kind.allCases.map(\.rawValue).sorted())
  }

  @Test("shows a message of every kind but of mistakes in GPUMerge, of which none is known")
  func examples() {
    for row in ErrorPage.sections.flatMap(\.rows) {
      #expect(row.examples.isEmpty == (row.kind == .internal), "\(row.kind)")
    }
  }

  @Test("says what the program says today")
  func page() async throws {
    let (text, problems) = try await ErrorPage.rendered()
    #expect(problems == [])
    if ProcessInfo.processInfo.environment["GPUMERGE_RECORD"] == "1" {
      try Data(text.utf8).write(to: Self.path)
    }
    let page = try String(contentsOf: Self.path, encoding: .utf8)
    let difference = zip(Self.lines(page), Self.lines(text)).first { $0 != $1 }
    #expect(
      page == text,
      """
      Documentation/Errors.md says   \(difference?.0 ?? "less, or more")
      where the program says today   \(difference?.1 ?? "more, or less")
      GPUMERGE_RECORD=1 swift test --disable-xctest --filter ErrorPageTests writes the page anew.
      """)
  }

  private static func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
  }
}
