import GPUMerge
import GPUMergeCLI

/// Documentation/Errors.md, made of errors that are raised for it.
enum ErrorPage {
  static let sections = [foreign, safetensors, pytorch, folders, models, request, machine]

  /// The page, and what is wrong with its examples.
  static func rendered() async throws -> (text: String, problems: [String]) {
    let chapters = try await withThrowingTaskGroup(
      of: (Int, String, [String]).self, returning: [(Int, String, [String])].self
    ) { group in
      for (index, section) in sections.enumerated() {
        group.addTask {
          let (text, problems) = try await rendered(section)
          return (index, text, problems)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let ordered = chapters.sorted { $0.0 < $1.0 }
    return (
      ([introduction, exitCodes] + ordered.map(\.1)).joined(separator: "\n"),
      ordered.flatMap(\.2)
    )
  }

  private static func rendered(
    _ section: ErrorSection
  ) async throws -> (text: String, problems: [String]) {
    var parts = ["## \(section.title)\n\n\(section.introduction)\n"]
    var problems: [String] = []
    for row in section.rows {
      let rendered = try await row.rendered()
      parts.append(rendered.text)
      problems += rendered.problems
    }
    return (parts.joined(separator: "\n"), problems)
  }

  private static let introduction = """
    # Errors

    <!-- Made by the tests: GPUMERGE_RECORD=1 swift test --disable-xctest --filter ErrorPageTests -->

    When gpumerge cannot do what it is asked to, it writes one message, leaves every file as it was,
    and ends with an exit code that is not 0. A message says which file, which tensor or other part of
    it, what is wrong, at which byte of the file or part, and what to do:

        error: FILE: 'PART': what is wrong (at byte N). What to do

    Below are all kinds of error, each with messages that the program really printed, what they mean
    and what to do. Search this page for the words of yours. Programs that use the library find the
    kind in `GPUMergeError.Kind`.

    """

  /// The exit codes with the kinds that have them.
  private static var exitCodes: String {
    var text = "## Exit codes\n\n| code | meaning | kinds |\n| --- | --- | --- |\n"
    text += "| 0 | the merge is done | |\n"
    for status in ExitStatus.allCases where status != .ok {
      let kinds = GPUMergeError.Kind.allCases.filter { $0.exitStatus == status }
        .map { "[`\($0.rawValue)`](#\($0.rawValue))" }
      text += "| \(status.rawValue) | \(meaning(of: status)) | \(kinds.joined(separator: ", ")) |\n"
    }
    return text
  }

  private static func meaning(of status: ExitStatus) -> String {
    switch status {
    case .ok: "the merge is done"
    case .usage: "the command line or the configuration is wrong"
    case .rejectedInput: "an input is damaged or no checkpoint, or does not fit the others"
    case .missingInput: "an input is not there"
    case .deviceUnavailable: "the device is not there, or failed"
    case .internal: "a mistake in GPUMerge"
    case .cannotCreate: "the output cannot be created"
    case .io: "reading or writing failed"
    case .interrupted: "the merge was interrupted"
    }
  }
}
