import ArgumentParser

/// The options that say what to print.
struct ReportingOptions: ParsableArguments {
  /// What the options say.
  struct Values: Sendable {
    var isJSON: Bool
    var verbosity: Verbosity
    var hashesOutput: Bool
  }

  /// How much to tell on standard error.
  enum Verbosity: Int, Sendable, Comparable {
    case quiet
    case normal
    case verbose

    static func < (left: Verbosity, right: Verbosity) -> Bool { left.rawValue < right.rawValue }
  }

  @Flag(help: "Print what was done as JSON on standard output.")
  var json = false

  @Flag(
    help: ArgumentHelp(
      "Read the output's files back and print their SHA-256, as sha256sum does, or in the JSON.")
  )
  var sha256 = false

  @Flag(name: [.short, .long], help: "Print errors only.")
  var quiet = false

  @Flag(name: [.short, .long], help: "Print the plan, too.")
  var verbose = false

  func validate() throws {
    if quiet, verbose { throw ValidationError("--quiet and --verbose contradict each other") }
  }

  var values: Values {
    Values(
      isJSON: json, verbosity: quiet ? .quiet : verbose ? .verbose : .normal, hashesOutput: sha256)
  }
}
