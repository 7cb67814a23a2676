/// What one worker is about to read of the input files, held in memory if the page cache has it not.
///
/// A checkpoint is read once. Through the page cache, that costs the processor a copy out of pages which
/// the system has only just taken for it, and pushes out what others have there. So what is not cached is
/// read past the cache (O_DIRECT), in runs as long as the worker's next output block needs of each model.
/// What is cached is left to plain reads.
///
/// The calls for some inputs are `note`, as often as there is room, `load`, any number of `read`, `clear`.
/// Used by one thread at a time.
package final class ReadWindow {
  private let byteCount: Int
  /// Taken only when it is needed; nil if the system has too little.
  private lazy var memory = AlignedMemory(ifAvailableInHugePages: byteCount)
  /// What was noted, by input: most inputs have one run, as their tensors lie one behind the other.
  private var noted: [[Run]] = []
  private var notedByteCount = 0
  private var loaded: [ObjectIdentifier: [Run]] = [:]

  /// Shorter runs are left to plain reads, for which the system reads ahead.
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

  /// Reads those of the noted runs that the page cache does not hold, and forgets the others.
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
    let offset = end
    let next = offset + run.pages.count
    guard run.range.count >= Self.minimumRunByteCount, next <= byteCount,
      run.file.direct.isWorthwhile(at: run.pages.lowerBound), let memory
    else { return nil }
    let room = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[offset..<next])
    guard run.file.direct.read(into: room, at: run.pages.lowerBound, atLeast: run.range) else {
      return nil
    }
    end = next
    var run = run
    run.offset = offset
    return run
  }

  /// Forgets what was read.
  package func clear() { loaded.removeAll(keepingCapacity: true) }

  /// Fills `destination` with the bytes of a file from `offset` on; false if they are not all here.
  package func read(
    _ file: InputFile, into destination: UnsafeMutableRawBufferPointer, at offset: Int
  ) -> Bool {
    guard !loaded.isEmpty, let runs = loaded[ObjectIdentifier(file)], let memory else {
      return false
    }
    let end = offset + destination.count
    let run = runs.first { $0.range.lowerBound <= offset && end <= $0.range.upperBound }
    guard let run else { return false }
    let start = run.offset + offset - run.pages.lowerBound
    destination.copyMemory(
      from: UnsafeRawBufferPointer(rebasing: memory.bytes[start..<start + destination.count]))
    return true
  }
}

/// A run of a file, and where its pages lie in the window once they are there.
private struct Run {
  let file: InputFile
  var range: Range<Int>
  var offset = 0

  var pages: Range<Int> {
    let page = AlignedMemory.pageByteCount
    return range.lowerBound & ~(page - 1)..<(range.upperBound + page - 1) & ~(page - 1)
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
