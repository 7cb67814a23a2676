import Foundation
import Glibc

/// The built program, run in a folder.
package struct Tool {
  private let process: pid_t
  private let scratch: Scratch
  private let capture: String

  /// What a run came to.
  package struct Result {
    /// The exit code; negative if a signal ended the process.
    package var status: CInt
    package var output: String
    package var error: String

    /// Standard output as a JSON object.
    package var json: [String: Any] {
      let value = try? JSONSerialization.jsonObject(with: Data(output.utf8))
      return value as? [String: Any] ?? [:]
    }
  }

  /// Runs the program to its end.
  package static func run(_ arguments: String..., in scratch: Scratch) throws -> Result {
    try run(arguments, in: scratch)
  }

  package static func run(
    _ arguments: [String], in scratch: Scratch, environment: [String] = [],
    by wrapper: [String] = []
  ) throws -> Result {
    try Tool(arguments, in: scratch, environment: environment, by: wrapper).wait()
  }

  /// Starts the program, with standard output and error captured or closed.
  ///
  /// `environment` has variables to add, as NAME=VALUE; `wrapper` is a program, with arguments, that
  /// is to start it. Nothing is kept from one run to the next, unless GPUMERGE_CACHE is among the variables.
  package init(
    _ arguments: [String], in scratch: Scratch, closesStreams: Bool = false,
    environment: [String] = [], by wrapper: [String] = []
  ) throws {
    self.scratch = scratch
    // Outside of the folder, so that its names are only what the program makes.
    capture = scratch.path + "-\(UUID().uuidString)"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, suffix) in [(STDOUT_FILENO, ".out"), (STDERR_FILENO, ".err")] {
      if closesStreams {
        posix_spawn_file_actions_addclose(&actions, descriptor)
      } else {
        posix_spawn_file_actions_addopen(
          &actions, descriptor, capture + suffix, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      }
    }
    // posix_spawn's own way to change the folder is not visible to Swift.
    process = try Self.spawn(
      ["/usr/bin/env", "-C", scratch.path, "GPUMERGE_CACHE="] + environment + wrapper
        + [Self.executable] + arguments, &actions)
  }

  /// Sends a signal.
  package func signal(_ signal: CInt) { kill(process, signal) }

  /// Waits for the end.
  package func wait() throws -> Result {
    var status: CInt = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ECHILD) }
    }
    let code = status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    return Result(status: code, output: take(".out"), error: take(".err"))
  }

  private func take(_ suffix: String) -> String {
    defer { try? FileManager.default.removeItem(atPath: capture + suffix) }
    return (try? String(contentsOfFile: capture + suffix, encoding: .utf8)) ?? ""
  }

  private static func spawn(
    _ arguments: [String], _ actions: inout posix_spawn_file_actions_t
  ) throws -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Whatever the test runner does with signals is not the program's affair.
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var words = arguments.map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var process = pid_t()
    let status = posix_spawn(&process, arguments[0], &actions, &attributes, &words, environ)
    guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .ENOENT) }
    return process
  }

  /// The program is built into the folder of the tests' own executable.
  private static let executable: String = {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appendingPathComponent("gpumerge").path
  }()
}
