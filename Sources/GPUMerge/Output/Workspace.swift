import SystemPackage

/// The folder `<output>.gpumerge-partial` in which an output is made, next to where it is going to be.
///
/// It holds the journal and, in `payload`, the files of the output. The output's name is taken by one
/// rename when everything is durable, so whoever looks there sees the old state or the new one. After
/// an interruption, the journal tells what is finished.
package final class Workspace: Sendable {
  package let place: OutputPlace
  /// What a person should know of an earlier run's leftovers.
  package let warnings: [String]
  private let lock: FileLock
  private let journal: Journal
  private let recordInterval: Duration
  /// The bytes, from the start of each file, that an earlier run finished.
  private let finished: [String: Int]
  private let hasEarlierRecords: Bool
  /// Whether another run could know what this one was about.
  private let isResumable: Bool

  package var payload: Folder { Self.payload(in: place.workFolder) }

  private static func payload(in work: Folder) -> Folder { Folder(work.path.appending("payload")) }

  /// Takes the lock, looks for what an earlier run left, and checks that the output can be written.
  ///
  /// - Parameters:
  ///   - target: Where the output shall be.
  ///   - plan: What is merged, to go on with an earlier run of the same; nil never goes on.
  ///   - inputs: The files that are read.
  ///   - overwrite: Whether the output may replace what is there.
  ///   - restart: Whether what an earlier run left is thrown away.
  ///   - recordInterval: How often to record what is finished.
  /// - Throws: ``GPUMergeError`` of kinds `cannotCreate`, `outputExists`, `outputBusy` when another
  ///   process has the lock, and `resumeMismatch` when another merge's work is there.
  package init(
    for target: OutputTarget, plan: WorkPlan?, inputs: [InputFile], overwrite: Bool,
    restart: Bool, recordInterval: Duration
  ) throws(GPUMergeError) {
    let name = try OutputName(target)
    try name.checkParent()
    lock = try FileLock(at: name.lockPath)
    Publication(name).cleanUp()
    place = try OutputPlace(name, overwrite: overwrite, inputs: inputs)
    self.recordInterval = recordInterval
    let work = place.workFolder
    var leftovers = Leftovers()
    if let plan, !restart { leftovers = try Leftovers(of: plan, in: work) }
    warnings = leftovers.warnings
    if leftovers.records.isEmpty { try Self.clear(place.name) }
    finished = leftovers.finished
    hasEarlierRecords = !leftovers.records.isEmpty
    isResumable = plan != nil
    do throws(GPUMergeError) {
      try work.create()
      try Self.payload(in: work).create()
      journal = try Journal(
        in: work, plan: plan, keeping: leftovers.records,
        folders: [Self.payload(in: work), work, place.parent])
    } catch {
      if leftovers.records.isEmpty { try? Self.clear(place.name) }
      throw error
    }
  }

  /// Reserves the room for all files, so that a full disk is noticed before anything is computed.
  ///
  /// None stays open: there may be more files than descriptors.
  package func reserve(_ plan: OutputPlan) throws(GPUMergeError) {
    for file in plan.files { try create(file).close() }
  }

  /// Opens a file of the output to write it, or to go on with it.
  package func open(_ file: OutputPlan.File) throws(GPUMergeError) -> RecordedFile {
    RecordedFile(
      try create(file), name: file.name, journal: journal,
      finishedByteCount: finished[file.name] ?? 0, interval: recordInterval)
  }

  private func create(_ file: OutputPlan.File) throws(GPUMergeError) -> OutputFile {
    try OutputFile(
      at: payload.path.appending(file.name), byteCount: file.plan.layout.byteCount)
  }

  /// The bytes that an earlier run finished.
  package var finishedByteCount: Int { finished.values.reduce(0, +) }

  /// Whether there is something to go on with.
  package var hasRecords: Bool { isResumable && (hasEarlierRecords || journal.hasRecords) }

  /// Writes a small file of the output, durably.
  package func write(_ bytes: [UInt8], to name: String) throws(GPUMergeError) {
    let file = try OutputFile(at: payload.path.appending(name), byteCount: bytes.count)
    let memory = AlignedMemory(byteCount: bytes.count)
    memory.bytes.copyBytes(from: bytes)
    try file.write(UnsafeRawBufferPointer(rebasing: memory.bytes[..<bytes.count]), at: 0)
    try file.sync()
    try file.close()
  }

  /// Gives the output its name.
  ///
  /// Everything in it must be durable.
  package func publish() throws(GPUMergeError) {
    try payload.sync()
    let publication = Publication(place.name)
    try publication.publish(replacing: place.replaces, journal: journal)
    publication.cleanUp()
    lock.release()
  }

  /// Ends a merge that failed: leaves what can be gone on from, or nothing at all.
  package func close(keeping: Bool) {
    if !keeping { try? Self.clear(place.name) }
    lock.release()
  }

  /// Removes what runs leave; fails rather than remove anything else.
  private static func clear(_ name: OutputName) throws(GPUMergeError) {
    let work = name.workFolder
    guard work.identity != nil else { return }
    payload(in: work).removeModel(and: name.path.lastComponent?.string)
    guard work.remove(files: Journal.fileNames) else {
      throw GPUMergeError(
        .cannotCreate, "the folder of an unfinished merge holds what is not of one",
        file: work.path, advice: "Look at it, and remove it")
    }
  }
}
