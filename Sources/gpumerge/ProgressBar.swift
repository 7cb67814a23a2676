import GPUMerge
import Glibc
import Synchronization

/// The progress on a terminal, on one line that is gone when the work is done.
final class ProgressBar: Sendable {
  let isEnabled: Bool
  private let state = Mutex(State())

  private struct State {
    var inputByteCount = 0
    var start = ContinuousClock.now
    var lastDrawing: ContinuousClock.Instant?
    var hasEnded = false
  }

  /// Work that takes less is not worth a bar.
  private static let delay = Duration.seconds(1)
  private static let interval = Duration.milliseconds(100)

  init(isEnabled: Bool) { self.isEnabled = isEnabled }

  /// Whether standard error is a terminal on which a line can be drawn again.
  static var isPossible: Bool {
    guard isatty(STDERR_FILENO) == 1, let name = getenv("TERM") else { return false }
    return strcmp(name, "dumb") != 0
  }

  /// Starts the clock.
  func begin(inputByteCount: Int) {
    state.withLock {
      $0.inputByteCount = inputByteCount
      $0.start = .now
    }
  }

  /// Draws the bar if it is time to.
  func update(_ progress: MergeProgress) {
    let now = ContinuousClock.now
    state.withLock { state in
      guard !state.hasEnded, now - state.start >= Self.delay,
        state.lastDrawing.map({ now - $0 >= Self.interval }) ?? true
      else { return }
      state.lastDrawing = now
      let line = ProgressLine(
        progress, inputByteCount: state.inputByteCount,
        seconds: (now - state.start) / .seconds(1))
      StandardStreams.writeError("\r\(line.text(columnCount: Self.columnCount))\u{1B}[K")
    }
  }

  /// Erases the bar for good.
  func end() {
    state.withLock { state in
      if state.lastDrawing != nil, !state.hasEnded { StandardStreams.writeError("\r\u{1B}[K") }
      state.hasEnded = true
    }
  }

  private static var columnCount: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
