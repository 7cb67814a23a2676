import ArgumentParser
import GPUMerge

/// The program: parses the command line, runs the command, and exits with a code that tells what
/// went wrong.
@main
struct GPUMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gpumerge",
    abstract: "Merge the weights of neural networks on a GPU or the CPU.",
    version: RecipeRecord.version,
    subcommands: [MergeCommand.self, DevicesCommand.self, BenchCommand.self, ProbeCommand.self],
    defaultSubcommand: MergeCommand.self)

  static func main() {
    StandardStreams.prepare()
    let arguments = CommandLineBytes.arguments
    do {
      // What the program does without a subcommand is what its help is about.
      if [["--help"], ["-h"], ["help"]].contains(arguments) {
        throw CleanExit.helpRequest(MergeCommand.self)
      }
      var command = try parseAsRoot(arguments)
      guard let interruptible = command as? any InterruptibleCommand else {
        try command.run()
        ExitStatus.ok.exit()
      }
      try AddressSpaceLimit.prepare()
      let job = try interruptible.job()
      // Dispatch takes up to five, at any time, and ends the process when it gets none.
      try DescriptorLimit.require(16)
      Interruption.run { await job.exitStatus() }
    } catch {
      exit(reporting: error)
    }
  }

  private static func exit(reporting error: any Error) -> Never {
    if let error = error as? GPUMergeError {
      StandardStreams.writeError("error: \(error)\n")
      error.kind.exitStatus.exit()
    }
    let code = exitCode(for: error)
    guard code != .success else {
      do throws(GPUMergeError) {
        try StandardStreams.writeOutput(fullMessage(for: error) + "\n")
      } catch {
        exit(reporting: error)
      }
      ExitStatus.ok.exit()
    }
    // Whatever else is thrown comes from the parser, about the command line.
    StandardStreams.writeError(
      "error: \(message(for: error))\nSee 'gpumerge --help' for what can be given.\n")
    ExitStatus.usage.exit()
  }
}
