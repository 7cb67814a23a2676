import Synchronization

/// What only the data can tell, collected while blocks are merged.
package final class MergeFindings: Sendable {
  private struct State {
    /// By step: how many elements are NaN or infinite, and the first of them.
    var nonFinite: [Int: (count: Int, first: Int)] = [:]
    var differingCounters: Set<Int> = []
  }

  private let state = Mutex(State())

  package init() {}

  /// Notes elements of a step's output that are NaN or infinite.
  package func addNonFinite(step: Int, count: Int, firstElement: Int) {
    state.withLock {
      let known = $0.nonFinite[step] ?? (0, .max)
      $0.nonFinite[step] = (known.count + count, min(known.first, firstElement))
    }
  }

  /// Notes a one-element integer tensor whose values differ between the models.
  package func addDifferingCounter(step: Int) {
    state.withLock { _ = $0.differingCounters.insert(step) }
  }

  /// The steps with non-finite output, in the plan's order.
  package var nonFinite: [(step: Int, count: Int, firstElement: Int)] {
    state.withLock { state in
      state.nonFinite.sorted { $0.key < $1.key }.map { ($0.key, $0.value.count, $0.value.first) }
    }
  }

  package var differingCounters: [Int] { state.withLock { $0.differingCounters.sorted() } }
}
