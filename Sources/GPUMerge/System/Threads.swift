import Glibc

/// Plain threads, because merging blocks in reads and writes: the cooperative pool of Swift
/// concurrency has one thread per core and must never wait for a disk.
package enum Threads {
  /// Runs `body` for each index in `0..<count`, each on a thread of its own, and waits for all.
  ///
  /// A thread that cannot be started has its index run by the caller instead.
  package static func concurrently(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let started = (1..<max(1, count)).map { index in start { body(index) } }
    body(0)
    for (index, thread) in zip(1..., started) {
      if let thread {
        pthread_join(thread, nil)
      } else {
        body(index)
      }
    }
  }

  /// Runs blocking work on a thread of its own and suspends the caller until it is done.
  package static func run<R: Sendable, E: Error>(
    _ work: @escaping @Sendable () throws(E) -> R
  ) async throws(E) -> R {
    let result: Result<R, E> = await withCheckedContinuation { continuation in
      let body: @Sendable () -> Void = {
        do throws(E) {
          continuation.resume(returning: .success(try work()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
      if let thread = start(body) {
        pthread_detach(thread)
      } else {
        body()
      }
    }
    return try result.get()
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread; nil if the system has none to spare.
  static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Body(body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, argument.toOpaque())
    guard status == 0 else {
      argument.release()
      return nil
    }
    return thread
  }
}
