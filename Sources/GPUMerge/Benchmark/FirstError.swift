import Synchronization

/// The first error of several threads.
final class FirstError<E: Error>: Sendable {
  private let error = Mutex<E?>(nil)

  /// Does something, and keeps its error if it is the first.
  func note(_ body: () throws(E) -> Void) {
    do throws(E) {
      try body()
    } catch {
      self.error.withLock { $0 = $0 ?? error }
    }
  }

  /// Whether there was one.
  var isEmpty: Bool { error.withLock { $0 == nil } }

  /// Throws it.
  func check() throws(E) {
    if let error = error.withLock(\.self) { throw error }
  }
}
