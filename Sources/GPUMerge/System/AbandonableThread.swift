import Glibc
import Synchronization

/// A thread that works for one owner, who waits for it only so long.
///
/// For calls that may never return, such as those into the driver of a device that hangs. There is no
/// way to end such a call, nor may anything be freed that it could still use: the thread is left
/// behind with all it has, on purpose.
package final class AbandonableThread: Sendable {
  private let mailbox = Mailbox()

  private static let abandonedCount = Atomic<Int>(0)

  /// Whether some thread of this process was left behind.
  ///
  /// What runs when a process exits may then wait for it forever, so that the process should end
  /// without that (`_exit`).
  package static var wasAnyAbandoned: Bool { abandonedCount.load(ordering: .relaxed) > 0 }

  /// Starts the thread.
  package init() {
    let mailbox = mailbox
    let thread = Threads.start {
      while let job = mailbox.nextJob() {
        job()
        mailbox.finish()
      }
    }
    if let thread {
      pthread_detach(thread)
    } else {
      mailbox.haveNoThread()
    }
  }

  deinit { mailbox.stop() }

  /// Runs `body` on the thread and waits for it.
  ///
  /// - Parameters:
  ///   - limit: How long to wait; nil for as long as it takes.
  ///   - body: What to do.
  /// - Returns: What `body` returns, or nil if that took too long: then the thread can do nothing
  ///   more, and `body` and what it returns are never freed.
  /// - Throws: What `body` throws.
  package func run<R: Sendable, E: Error>(
    within limit: Duration?, _ body: @escaping @Sendable () throws(E) -> R
  ) throws(E) -> R? {
    let job = Job(body)
    guard mailbox.run({ job.run() }, within: limit) else {
      _ = Unmanaged.passRetained(job)
      Self.abandonedCount.add(1, ordering: .relaxed)
      return nil
    }
    return try job.result?.get()
  }

  /// Something to do, and what came of it.
  private final class Job<R: Sendable, E: Error>: @unchecked Sendable {
    // Sendable because the thread writes the result before the owner, told by the mailbox, reads it.

    let body: @Sendable () throws(E) -> R
    var result: Result<R, E>?

    init(_ body: @escaping @Sendable () throws(E) -> R) { self.body = body }

    func run() { result = Result { () throws(E) in try body() } }
  }
}

/// Where the owner and the thread meet.
private final class Mailbox: @unchecked Sendable {
  // Sendable because every member is used with the monitor locked.

  private let monitor = Monitor()
  private var job: (@Sendable () -> Void)?
  private var isBusy = false
  private var isStopped = false
  private var hasThread = true

  // MARK: The owner

  func haveNoThread() { monitor.locked { hasThread = false } }

  func stop() {
    monitor.locked {
      isStopped = true
      monitor.wakeAll()
    }
  }

  /// Gives the thread a job and waits for its end; false if that takes too long.
  func run(_ job: @escaping @Sendable () -> Void, within limit: Duration?) -> Bool {
    guard monitor.locked({ hasThread }) else {
      job()
      return true
    }
    return monitor.locked {
      self.job = job
      isBusy = true
      monitor.wakeAll()
      return waitForEnd(within: limit)
    }
  }

  /// Waits in short turns and counts them, so that time in which the whole process was stopped (by
  /// Ctrl-Z, say) counts as no more than one.
  private func waitForEnd(within limit: Duration?) -> Bool {
    guard let limit else {
      while isBusy { monitor.waitForChange() }
      return true
    }
    let turn = min(limit / 8, .seconds(1))
    var waited = Duration.zero
    while isBusy {
      guard waited < limit else { return false }
      if !monitor.waitForChange(atMost: turn) { waited += turn }
    }
    return true
  }

  // MARK: The thread

  /// Waits for something to do; nil when there will be nothing any more.
  func nextJob() -> (@Sendable () -> Void)? {
    monitor.locked {
      while job == nil, !isStopped { monitor.waitForChange() }
      defer { job = nil }
      return job
    }
  }

  func finish() {
    monitor.locked {
      isBusy = false
      monitor.wakeAll()
    }
  }
}
