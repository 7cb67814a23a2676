#if THREAD_SANITIZER
  import Glibc

  /// Stands in for Synchronization's type of this name in builds for the thread sanitizer.
  ///
  /// The sanitizer does not see how that one locks, in a library that is not instrumented, and takes
  /// all that it protects for races. It knows pthread's.
  struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Sendable because the value is reached with the lock held only.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

    init(_ initial: consuming sending Value) {
      pthread_mutex_init(lock, nil)
      value.initialize(to: initial)
    }

    deinit {
      pthread_mutex_destroy(lock)
      lock.deallocate()
      value.deinitialize(count: 1)
      value.deallocate()
    }

    borrowing func withLock<Result: ~Copyable, E: Error>(
      _ body: (inout sending Value) throws(E) -> sending Result
    ) throws(E) -> sending Result {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return try body(&value.pointee)
    }
  }
#endif
