import CLinux
import Glibc
import SystemPackage

/// Another program, whose standard output is read.
///
/// It is of a process group of its own, so that Ctrl-C is for this process only, and has no standard
/// input and error.
struct ChildProcess: ~Copyable {
  private let process: pid_t
  private let output: CInt

  /// How a process ended.
  enum Ending {
    case exit(CInt)
    case signal(CInt)
    /// It had to be killed.
    case killed
  }

  /// Starts a program; nil if it cannot be started.
  init?(_ executable: FilePath, arguments: [String]) {
    var pipe: [CInt] = [-1, -1]
    guard clinux_pipe(&pipe) == 0 else { return nil }
    defer { close(pipe[1]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    guard let process = Self.spawn(executable, arguments, &actions) else {
      close(pipe[0])
      return nil
    }
    self.process = process
    output = pipe[0]
  }

  private static func spawn(
    _ executable: FilePath, _ arguments: [String], _ actions: inout posix_spawn_file_actions_t
  ) -> pid_t? {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var words = (["gpumerge"] + arguments).map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var environment = environment().map { strdup($0) } + [nil]
    defer { environment.forEach { free($0) } }
    var process = pid_t()
    let status = executable.withPlatformString {
      posix_spawn(&process, $0, &actions, &attributes, &words, &environment)
    }
    return status == 0 ? process : nil
  }

  /// This process's environment, but that Swift's own report of a crash is off: a crash is what is
  /// looked for, and the report may take longer than the time there is.
  private static func environment() -> [String] {
    ["SWIFT_BACKTRACE=enable=no"] + Environment.all.filter { !$0.hasPrefix("SWIFT_BACKTRACE=") }
  }

  /// What the program writes up to `end`; nil if it ends before, or takes too long.
  ///
  /// Not up to the end of the file, as drivers may start programs that keep it open.
  func output(until end: String, within limit: Duration) -> String? {
    let deadline = ContinuousClock.now + limit
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !text.ends(with: end.utf8) {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero, text.count < 1 << 20 else { return nil }
      var events = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      let ready = poll(&events, 1, CInt(min(left / .milliseconds(1), 1e9)) + 1)
      guard ready >= 0 || errno == EINTR else { return nil }
      guard ready > 0 else { continue }
      let count = read(output, &buffer, buffer.count)
      guard count > 0 else { return nil }
      text += buffer[..<count]
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Ends the program if it has not ended, and says how it ended by itself.
  consuming func end() -> Ending {
    defer { close(output) }
    // What closed its output is about to end, and may be ending with a signal.
    let ending = wait(milliseconds: 200)
    if let ending { return ending }
    kill(process, SIGKILL)
    // Not for ever: what hangs in a system call of a driver cannot be killed.
    _ = wait(milliseconds: 1000)
    return .killed
  }

  private borrowing func wait(milliseconds: Int) -> Ending? {
    for _ in 0...milliseconds {
      var status: CInt = 0
      let process = waitpid(self.process, &status, WNOHANG)
      if process > 0 {
        return status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
      }
      // Whoever ignores SIGCHLD is not told how children end.
      if process < 0, errno == ECHILD { return .exit(0) }
      usleep(1000)
    }
    return nil
  }
}

extension Array<UInt8> {
  fileprivate func ends(with bytes: String.UTF8View) -> Bool {
    suffix(bytes.count).elementsEqual(bytes)
  }
}
