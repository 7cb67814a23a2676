import Synchronization

/// A file of the output together with its part of the journal: as blocks are written, what is
/// finished from the start of the file on is recorded every now and then.
///
/// Blocks are taken in order, so what is missing in front of the last one written is never much.
package final class RecordedFile: OutputSink {
  private let file: OutputFile
  private let name: String
  private let journal: Journal
  private let interval: Duration
  package let finishedByteCount: Int
  private let state: Mutex<State>

  private struct State {
    /// What was written behind the recorded part.
    var written = CRCLedger()
    var recordedByteCount: Int
    var lastRecord = ContinuousClock.now
    /// Whether a thread is making a record.
    var isRecording = false
  }

  /// Goes on with a file of which `finishedByteCount` bytes are recorded already.
  package init(
    _ file: OutputFile, name: String, journal: Journal, finishedByteCount: Int, interval: Duration
  ) {
    self.finishedByteCount = finishedByteCount
    self.file = file
    self.name = name
    self.journal = journal
    self.interval = interval
    state = Mutex(State(recordedByteCount: finishedByteCount))
  }

  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(GPUMergeError) {
    // First, as the processor's caches will hold something else when the write is done.
    let crc = crc32(0, bytes)
    try file.write(bytes, at: offset)
    let isDue = state.withLock { state in
      state.written.add(offset..<offset + bytes.count, crc: crc)
      return !state.isRecording && ContinuousClock.now - state.lastRecord >= interval
    }
    if isDue { try record() }
  }

  package func read(
    into bytes: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(GPUMergeError) {
    try file.read(into: bytes, at: offset)
  }

  /// Makes a record if one is due: what took less time to finish is not worth the wait for the disk.
  package func recordIfDue() throws(GPUMergeError) {
    let isDue = state.withLock { ContinuousClock.now - $0.lastRecord >= interval }
    if isDue { try record() }
  }

  /// Makes what is finished durable, then says so in the journal.
  package func record() throws(GPUMergeError) {
    let segment = state.withLock { state -> CRCLedger.Segment? in
      guard !state.isRecording,
        let segment = state.written.removeSegment(startingAt: state.recordedByteCount)
      else { return nil }
      state.isRecording = true
      return segment
    }
    guard let segment else { return }
    // Stays set if this fails: then nothing that comes later may be recorded, either.
    try file.sync()
    try journal.append([Journal.Record(file: name, range: segment.range, crc: segment.crc)])
    state.withLock {
      $0.recordedByteCount = segment.range.upperBound
      $0.lastRecord = .now
      $0.isRecording = false
    }
  }

  /// Writes bytes that are not in the journal: what is known only when all else is written.
  package func amend(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(GPUMergeError) {
    try file.write(bytes, at: offset)
  }

  /// Makes all of the file durable and closes it.
  package func finish() throws(GPUMergeError) {
    try file.sync()
    try file.close()
  }
}
