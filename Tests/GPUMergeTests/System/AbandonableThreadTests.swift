import GPUMerge
import Glibc
import Synchronization
import Testing

@Suite("A thread that can be left behind")
struct AbandonableThreadTests {
  private struct Failure: Error {}

  @Test("does one thing after the other, and returns or throws what that does")
  func inOrder() throws {
    let thread = AbandonableThread()
    for number in 0..<1000 {
      #expect(thread.run(within: .seconds(60)) { number * 2 } == number * 2)
    }
    #expect(thread.run(within: nil) { 7 } == 7)
    #expect(throws: Failure.self) {
      try thread.run(within: .seconds(60)) { () throws(Failure) -> Int in throw Failure() }
    }
  }

  @Test("is one thread, and not the caller's")
  func identity() {
    let thread = AbandonableThread()
    let first = thread.run(within: nil) { UInt(pthread_self()) }
    #expect(first != UInt(pthread_self()))
    #expect(thread.run(within: nil) { UInt(pthread_self()) } == first)
  }

  @Test("is left behind after the time limit, with all that it has or makes later")
  func timeOut() {
    final class Witness: Sendable {
      let isFreed: Box
      init(_ box: Box) { isFreed = box }
      deinit { isFreed.set() }
    }
    let argumentIsFreed = Box()
    let resultIsFreed = Box()
    let isOver = Box()
    let hasReturned = Box()
    let start = ContinuousClock.now
    do {
      let thread = AbandonableThread()
      let argument = Witness(argumentIsFreed)
      let result = thread.run(within: .milliseconds(80)) {
        while !isOver.isSet { usleep(1000) }
        hasReturned.set()
        return [argument, Witness(resultIsFreed)]
      }
      #expect(result == nil)
    }
    #expect(start.duration(to: .now) >= .milliseconds(80))
    #expect(AbandonableThread.wasAnyAbandoned)
    isOver.set()
    while !hasReturned.isSet { usleep(1000) }
    usleep(20_000)
    #expect(!argumentIsFreed.isSet)
    #expect(!resultIsFreed.isSet)
  }

  private final class Box: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
    func set() { value.store(true, ordering: .sequentiallyConsistent) }
  }
}
