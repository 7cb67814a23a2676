import Glibc

/// A lock whose holders can wait for each other's changes.
final class Monitor: @unchecked Sendable {
  // Sendable because it is two addresses of what the C library makes safe to use from any thread.

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

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

  func locked<R>(_ body: () -> R) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Wakes all who wait.
  func wakeAll() { pthread_cond_broadcast(changed) }

  /// Wakes one of those who wait.
  func wakeOne() { pthread_cond_signal(changed) }

  /// Waits for a change, without the lock meanwhile; may come back without one.
  func waitForChange() { pthread_cond_wait(changed, mutex) }

  /// Waits no longer than so long; false if nothing changed in the time.
  func waitForChange(atMost time: Duration) -> Bool {
    var deadline = timespec()
    clock_gettime(CLOCK_MONOTONIC, &deadline)
    let (seconds, attoseconds) = time.components
    let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
    deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
    deadline.tv_nsec = nanoseconds % 1_000_000_000
    return pthread_cond_timedwait(changed, mutex, &deadline) != ETIMEDOUT
  }
}
