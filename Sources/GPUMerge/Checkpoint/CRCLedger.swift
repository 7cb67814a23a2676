/// The CRC-32 of every part of a member that was read so far, in whatever order.
///
/// Neighbouring parts are joined, so that a member read once from end to end is one segment.
struct CRCLedger: Sendable {
  struct Segment: Sendable, Equatable {
    var range: Range<Int>
    var crc: UInt32
  }

  /// Ascending and without overlap.
  private(set) var segments: [Segment] = []
  /// Scattered parts beyond this many are forgotten, and read again at the end.
  static let maximumSegmentCount = 1 << 16

  /// The parts of `range` that are not recorded yet.
  func gaps(in range: Range<Int>) -> [Range<Int>] {
    var gaps: [Range<Int>] = []
    var position = range.lowerBound
    var index = segments.partitionIndex { $0.range.upperBound > range.lowerBound }
    while index < segments.count, segments[index].range.lowerBound < range.upperBound {
      let known = segments[index].range
      if position < known.lowerBound { gaps.append(position..<known.lowerBound) }
      position = known.upperBound
      index += 1
    }
    if position < range.upperBound { gaps.append(position..<range.upperBound) }
    return gaps
  }

  /// Records a part.
  ///
  /// One that overlaps what is known is dropped: another thread was faster.
  mutating func add(_ range: Range<Int>, crc: UInt32) {
    let index = segments.partitionIndex { $0.range.upperBound > range.lowerBound }
    if index < segments.count, segments[index].range.lowerBound < range.upperBound { return }
    var segment = Segment(range: range, crc: crc)
    var replaced = index..<index
    if index > 0, segments[index - 1].range.upperBound == range.lowerBound {
      segment = Self.join(segments[index - 1], segment)
      replaced = index - 1..<index
    }
    if index < segments.count, segments[index].range.lowerBound == range.upperBound {
      segment = Self.join(segment, segments[index])
      replaced = replaced.lowerBound..<index + 1
    }
    guard !replaced.isEmpty || segments.count < Self.maximumSegmentCount else { return }
    segments.replaceSubrange(replaced, with: CollectionOfOne(segment))
  }

  /// Takes out the segment that begins at `start`, if there is one.
  mutating func removeSegment(startingAt start: Int) -> Segment? {
    guard let first = segments.first, first.range.lowerBound == start else { return nil }
    return segments.removeFirst()
  }

  private static func join(_ left: Segment, _ right: Segment) -> Segment {
    Segment(
      range: left.range.lowerBound..<right.range.upperBound,
      crc: crc32Combine(left.crc, right.crc, secondByteCount: right.range.count))
  }
}
