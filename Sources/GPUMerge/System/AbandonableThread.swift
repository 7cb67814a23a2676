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
  // Sendable because every member is used with the mutex locked.

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var job: (@Sendable () -> Void)?
  private var isBusy = false
  private var isStopped = false
  private var hasThread = true

  init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(changed, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  private func locked<R>(_ body: () -> R) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  // MARK: The owner

  func haveNoThread() { locked { hasThread = false } }

  func stop() {
    locked {
      isStopped = true
      pthread_cond_broadcast(changed)
    }
  }

  /// Gives the thread a job and waits for its end; false if that takes too long.
  func run(_ job: @escaping @Sendable () -> Void, within limit: Duration?) -> Bool {
    guard locked({ hasThread }) else {
      job()
      return true
    }
    return locked {
      self.job = job
      isBusy = true
      pthread_cond_broadcast(changed)
      return waitForEnd(within: limit)
    }
  }

  /// Waits in short turns and counts them, so that time in which the whole process was stopped (by
  /// Ctrl-Z, say) counts as no more than one.
  private func waitForEnd(within limit: Duration?) -> Bool {
    guard let limit else {
      while isBusy { pthread_cond_wait(changed, mutex) }
      return true
    }
    let turn = min(limit / 8, .seconds(1))
    var waited = Duration.zero
    while isBusy {
      guard waited < limit else { return false }
      if !waitForChange(turn) { waited += turn }
    }
    return true
  }

  /// Waits once; false if nothing changed in the time.
  private func waitForChange(_ time: Duration) -> Bool {
    var deadline = timespec()
    clock_gettime(CLOCK_MONOTONIC, &deadline)
    let (seconds, attoseconds) = time.components
    let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
    deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
    deadline.tv_nsec = nanoseconds % 1_000_000_000
    return pthread_cond_timedwait(changed, mutex, &deadline) != ETIMEDOUT
  }

  // MARK: The thread

  /// Waits for something to do; nil when there will be nothing any more.
  func nextJob() -> (@Sendable () -> Void)? {
    locked {
      while job == nil, !isStopped { pthread_cond_wait(changed, mutex) }
      defer { job = nil }
      return job
    }
  }

  func finish() {
    locked {
      isBusy = false
      pthread_cond_broadcast(changed)
    }
  }
}
