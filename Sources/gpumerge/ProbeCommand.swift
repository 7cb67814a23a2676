import ArgumentParser
import GPUMerge
import Glibc

/// Looks at OpenCL drivers on behalf of another process: see `DriverProbe`.
struct ProbeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: DriverProbe.command,
    abstract: "Look at the OpenCL drivers, which may crash or hang this process.",
    shouldDisplay: false)

  @Argument(help: "The devices, each as for --device.")
  var devices: [String] = ["auto"]

  func run() throws {
    try StandardStreams.writeOutput(DriverProbe.ownAnswer(to: devices))
    // Without what drivers do when a process exits.
    _exit(0)
  }
}
