/// How fast bytes went.
package struct Throughput: Sendable, Hashable {
  package var byteCount: Int
  package var seconds: Double

  package var bytesPerSecond: Double { Double(byteCount) / max(seconds, 1e-9) }

  /// Does something a number of times and takes the median of the times.
  static func median<E: Error>(
    ofRuns runs: Int, byteCount: Int, _ body: () throws(E) -> Void
  ) throws(E) -> Throughput {
    var times: [Double] = []
    for _ in 0..<max(1, runs) { times.append(try seconds(body)) }
    return Throughput(byteCount: byteCount, seconds: times.median)
  }

  /// Does something, whose argument is how often, as often as it takes to measure it well, and takes
  /// the median of several runs.
  static func repeated<E: Error>(
    byteCount: Int, _ body: (_ times: Int) throws(E) -> Void
  ) throws(E) -> Throughput {
    // The first time warms up: pages are touched, drivers allocate.
    try body(1)
    let once = try seconds { () throws(E) in try body(1) }
    let times = times(toFill: once)
    return try median(ofRuns: 5, byteCount: byteCount * times) { () throws(E) in try body(times) }
  }

  /// How often to do what takes so long, for a twentieth of a second in all.
  static func times(toFill seconds: Double) -> Int { Int(min(max(0.05 / seconds, 1), 200)) }

  /// How long something takes.
  static func seconds<E: Error>(_ body: () throws(E) -> Void) throws(E) -> Double {
    let start = ContinuousClock.now
    try body()
    return start.duration(to: .now) / .seconds(1)
  }
}

extension [Double] {
  /// The middle one, or the higher of two; 0 if there is none.
  var median: Double { isEmpty ? 0 : sorted()[count / 2] }
}
