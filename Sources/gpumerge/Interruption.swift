import Glibc

/// Ends work in an orderly way on Ctrl-C and the like.
enum Interruption {
  /// Runs `work`, then exits with its status.
  ///
  /// The first signal cancels the work, which then removes what it has begun to write; the second
  /// ends the process at once.
  ///
  /// To be called while there is one thread only: threads inherit which signals are blocked, so none
  /// but this one, which waits for them, ever sees one.
  static func run(_ work: @escaping @Sendable () async -> ExitStatus) -> Never {
    var signals = handledSignals()
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let task = Task { await work().exit() }
    wait(for: &signals)
    task.cancel()
    wait(for: &signals)
    _exit(ExitStatus.interrupted.rawValue)
  }

  private static func wait(for signals: inout sigset_t) {
    var signal: CInt = 0
    while sigwait(&signals, &signal) != 0 { sleep(1) }
  }

  /// The signals that mean "stop", without those that whoever started the program told it to ignore,
  /// as `nohup` does.
  private static func handledSignals() -> sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] {
      var action = sigaction()
      let isKnown = sigaction(signal, nil, &action) == 0
      let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      if isKnown, handler != unsafeBitCast(SIG_IGN, to: Int.self) { sigaddset(&signals, signal) }
    }
    return signals
  }
}
