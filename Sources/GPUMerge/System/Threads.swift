import Glibc
import Synchronization

/// Plain threads, because merging blocks in reads and writes: the cooperative pool of Swift
/// concurrency has one thread per core and must never wait for a disk.
package enum Threads {
  /// Runs `body` for each index in `0..<count`, each on a thread of its own, and waits for all.
  ///
  /// A thread that cannot be started has its index run by the caller instead. None begins before all
  /// are started: memory that one of them finds to be there must not go to the stack of the next.
  package static func concurrently(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let gate = Mutex(())
    let started = gate.withLock { _ in
      (1..<max(1, count)).map { index in
        start {
          gate.withLock { _ in }
          body(index)
        }
      }
    }
    body(0)
    for (index, thread) in zip(1..., started) {
      if let thread {
        pthread_join(thread, nil)
      } else {
        body(index)
      }
    }
  }

  /// What `transform` makes of each element, in order, on as many threads as there are processors.
  ///
  /// The error that is thrown is that of the first element that has one, as a loop's would be.
  package static func map<Element: Sendable, Result: Sendable, E: Error>(
    _ elements: [Element], _ transform: @escaping @Sendable (Element) throws(E) -> Result
  ) throws(E) -> [Result] {
    let next = Atomic<Int>(0)
    let end = Atomic<Int>(elements.count)
    let results = Mutex<[Swift.Result<Result, E>?]>(Array(repeating: nil, count: elements.count))
    concurrently(count: min(elements.count, processorCount())) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < end.load(ordering: .relaxed) else { return }
        let result: Swift.Result<Result, E>
        do throws(E) {
          result = .success(try transform(elements[index]))
        } catch {
          result = .failure(error)
          // Those before it are taken already; none behind it matters any more.
          end.min(index, ordering: .relaxed)
        }
        results.withLock { $0[index] = result }
      }
    }
    var values: [Result] = []
    values.reserveCapacity(elements.count)
    for result in results.withLock(\.self) {
      guard let result else { break }
      values.append(try result.get())
    }
    return values
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
