/// What one worker is about to read of the input files, held in memory where one large read takes less
/// time than what comes instead.
///
/// A checkpoint is read once. Through the page cache, that costs the processor a copy out of pages which
/// the system has only just taken for it, and pushes out what others have there. So what is not cached is
/// read past the cache (O_DIRECT), in runs as long as the worker's next output block needs of each model.
/// What is cached is left to plain reads, unless it is many small tensors: one behind the other in their
/// file, they are copied out of the cache in one run, as a call for each would take longer.
///
/// The calls for some inputs are `note`, as often as there is room, `load`, any number of `bytes`, `clear`.
/// Used by one thread at a time.
package final class ReadWindow {
  private let byteCount: Int
  /// Taken only when it is needed; nil if the system has too little.
  private lazy var memory = AlignedMemory(ifAvailableInHugePages: byteCount)
  /// What was noted, by input: most inputs have one run, as their tensors lie one behind the other.
  private var noted: [[Run]] = []
  private var notedByteCount = 0
  private var loaded: [ObjectIdentifier: [Run]] = [:]

  /// Shorter runs are not read past the cache: the system reads ahead for plain reads.
  private static let minimumRunByteCount = 32 << 10

  /// Creates a window of at most `byteCount` bytes.
  package init(byteCount: Int) { self.byteCount = byteCount }

  /// Notes that ranges of files will be read after the next `load`, one of each input, or none.
  ///
  /// - Returns: Whether there is room for them beside those noted before; always for the first.
  package func note(_ extents: [FileExtent?]) -> Bool {
    let most = extents.reduce(0) { $0 + ($1?.range.count ?? 0) + 2 * AlignedMemory.pageByteCount }
    guard notedByteCount == 0 || notedByteCount + most <= byteCount else { return false }
    while noted.count < extents.count { noted.append([]) }
    for (input, extent) in extents.enumerated() {
      if let extent { notedByteCount += noted[input].add(extent) }
    }
    return true
  }

  /// Reads those of the noted runs that the page cache does not hold, or that have many small parts, and
  /// forgets the others.
  package func load() {
    var end = 0
    for input in noted.indices {
      for run in noted[input] {
        if let run = load(run, at: &end) {
          loaded[ObjectIdentifier(run.file), default: []].append(run)
        }
      }
      noted[input].removeAll(keepingCapacity: true)
    }
    notedByteCount = 0
  }

  /// Reads a run into the window from `end` on; nil if that is better left to plain reads.
  private func load(_ run: Run, at end: inout Int) -> Run? {
    let next = end + run.pages.count
    guard next <= byteCount else { return nil }
    let isDirect =
      run.range.count >= Self.minimumRunByteCount
      && run.file.direct.isWorthwhile(at: run.pages.lowerBound)
    guard isDirect || run.hasSmallParts, let memory else { return nil }
    let room = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[end..<next])
    guard isDirect ? run.readDirectly(into: room) : run.readPlainly(into: room) else { return nil }
    var run = run
    run.offset = end
    end = next
    return run
  }

  /// Forgets what was read.
  package func clear() { loaded.removeAll(keepingCapacity: true) }

  /// A range of a file, which stays until `clear`; nil if it is not all here.
  package func bytes(of file: InputFile, in range: Range<Int>) -> UnsafeRawBufferPointer? {
    guard !loaded.isEmpty, let runs = loaded[ObjectIdentifier(file)], let memory,
      let run = runs.first(where: { $0.range.contains(range) })
    else { return nil }
    let start = run.offset + range.lowerBound - run.pages.lowerBound
    return UnsafeRawBufferPointer(rebasing: memory.bytes[start..<start + range.count])
  }
}

/// A run of a file, and where its pages lie in the window once they are there.
private struct Run {
  let file: InputFile
  var range: Range<Int>
  /// The number of ranges that were noted.
  var partCount = 1
  var offset = 0

  /// Whether the parts are better read at once than one by one.
  ///
  /// Up to this size, a read of a part costs more than that its bytes are no longer in the nearest cache
  /// when a kernel comes to them. For a few, no window is taken.
  var hasSmallParts: Bool { partCount >= 8 && range.count < partCount * 8 << 10 }

  var pages: Range<Int> {
    let page = AlignedMemory.pageByteCount
    return range.lowerBound & ~(page - 1)..<(range.upperBound + page - 1) & ~(page - 1)
  }

  /// Reads the pages past the page cache; false if that fails.
  func readDirectly(into room: UnsafeMutableRawBufferPointer) -> Bool {
    file.direct.read(into: room, at: pages.lowerBound, atLeast: range)
  }

  /// Reads the range through the page cache, to its place in the pages; false if that fails.
  func readPlainly(into room: UnsafeMutableRawBufferPointer) -> Bool {
    let start = range.lowerBound - pages.lowerBound
    let destination = UnsafeMutableRawBufferPointer(
      rebasing: room[start..<start + range.count])
    // Whoever reads a part of it finds out what is wrong.
    return (try? file.read(into: destination, at: range.lowerBound)) != nil
  }
}

extension [Run] {
  /// Adds a range to the last run, if it begins in it or not far behind, or as a run of its own.
  ///
  /// Returns how many more bytes the pages of all runs are.
  fileprivate mutating func add(_ extent: FileExtent) -> Int {
    let maximumGap = 16 << 10
    guard let last, last.file === extent.file, last.range.lowerBound <= extent.range.lowerBound,
      extent.range.lowerBound <= last.range.upperBound + maximumGap
    else {
      let run = Run(file: extent.file, range: extent.range)
      append(run)
      return run.pages.count
    }
    var joined = last
    joined.range = last.range.lowerBound..<Swift.max(last.range.upperBound, extent.range.upperBound)
    joined.partCount += 1
    self[count - 1] = joined
    return joined.pages.count - last.pages.count
  }
}

/// A run of bytes in a file.
package struct FileExtent {
  package let file: InputFile
  package let range: Range<Int>

  package init(_ file: InputFile, _ range: Range<Int>) {
    self.file = file
    self.range = range
  }
}
