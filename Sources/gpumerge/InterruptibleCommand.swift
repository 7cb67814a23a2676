import ArgumentParser
import GPUMerge

/// A command that ends in an orderly way on Ctrl-C.
protocol InterruptibleCommand: ParsableCommand {
  /// What to do.
  func job() throws(GPUMergeError) -> any Job
}

/// Work that stops when its task is cancelled.
protocol Job: Sendable {
  /// Does the work and prints what came of it.
  func run() async throws(GPUMergeError)
}

extension Job {
  /// Does the work, prints an error if there is one, and returns what the program exits with.
  func exitStatus() async -> ExitStatus {
    do throws(GPUMergeError) {
      try await run()
      return .ok
    } catch {
      StandardStreams.writeError("error: \(error)\n")
      return error.kind.exitStatus
    }
  }
}
