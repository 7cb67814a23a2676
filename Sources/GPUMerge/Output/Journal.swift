import Glibc
import Synchronization
package import SystemPackage

/// The record of what is finished, from which an interrupted merge goes on: one JSON object a line,
/// each written after the data that it vouches for is durable.
package final class Journal: Sendable {
  /// A run of bytes of one file that is finished.
  package struct Record: Sendable, Hashable {
    package var file: String
    package var range: Range<Int>
    package var crc: UInt32
  }

  package let path: FilePath
  private let descriptor: CInt
  /// The folders whose entries must be durable before the first record is.
  private let folders: [Folder]
  private let isAppended = Atomic<Bool>(false)

  /// Whether anything was recorded.
  package var hasRecords: Bool { isAppended.load(ordering: .relaxed) }

  /// The names of the files that a journal has in its folder.
  static let fileNames = [fileName, newFileName]
  static let fileName = "journal.jsonl"
  private static let newFileName = fileName + ".new"

  /// Starts a journal with what is merged, and with records that hold, in place of what is there.
  ///
  /// What is there stays until all of that is durable.
  package init(
    in folder: Folder, plan: WorkPlan?, keeping records: [Record], folders: [Folder]
  ) throws(GPUMergeError) {
    path = folder.path.appending(Self.fileName)
    self.folders = folders
    let new = folder.path.appending(Self.newFileName)
    descriptor = new.withPlatformString {
      open($0, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o666)
    }
    guard descriptor >= 0 else { throw .system("cannot create the journal", path) }
    if let plan { try write(JSONValue.object([("plan", plan.json)]).text + "\n") }
    if !records.isEmpty { try append(records) }
    let status = new.withPlatformString { new in path.withPlatformString { rename(new, $0) } }
    guard status == 0 else { throw .system("cannot create the journal", path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Adds records, durably.
  package func append(_ records: [Record]) throws(GPUMergeError) {
    try append(records.map { $0.json.text + "\n" }.joined())
  }

  /// Adds that the folder of this inode is about to take the output's name, durably.
  package func appendPublication(inode: UInt64) throws(GPUMergeError) {
    try append(JSONValue.object([("publishing", .string("\(inode)"))]).text + "\n")
  }

  private func append(_ text: String) throws(GPUMergeError) {
    if !hasRecords { for folder in folders { try folder.sync() } }
    try write(text)
    guard fdatasync(descriptor) == 0 else { throw .system("cannot write the journal", path) }
    isAppended.store(true, ordering: .relaxed)
  }

  private func write(_ text: String) throws(GPUMergeError) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
      }
      guard count > 0 || (count < 0 && errno == EINTR) else {
        throw .system("cannot write the journal", path)
      }
      done += max(0, count)
    }
  }
}

extension Journal {
  /// What a journal says.
  package struct Contents: Sendable, Equatable {
    /// What is merged.
    package var plan: WorkPlan?
    package var records: [Record] = []
    /// The inode of a folder that was about to take the output's name.
    package var publishedInode: UInt64?
    /// Whether something that is no record was found; what comes after it is not used.
    package var isDamaged = false
  }

  /// Reads the journal of an earlier run; without one, or in front of a line that was cut off, it
  /// says nothing.
  package static func read(_ path: FilePath, limit: Int = 64 << 20) -> Contents {
    var contents = Contents()
    guard let file = try? InputFile(opening: path), file.byteCount <= limit,
      let bytes = try? file.bytes(at: 0, count: file.byteCount)
    else { return contents }
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast()
    {
      guard let json = try? JSONValue(parsing: Array(line)) else {
        contents.isDamaged = true
        break
      }
      if let plan = json["plan"] {
        contents.plan = WorkPlan(plan)
      } else if let record = Record(json) {
        contents.records.append(record)
      } else if let inode = json["publishing"]?.string.flatMap({ UInt64($0) }) {
        contents.publishedInode = inode
      } else {
        contents.isDamaged = true
        break
      }
    }
    return contents
  }
}

extension Journal.Record {
  fileprivate var json: JSONValue {
    .object([
      ("file", .string(file)), ("begin", .integer(range.lowerBound)),
      ("end", .integer(range.upperBound)), ("crc32", .unsigned(UInt64(crc))),
    ])
  }

  fileprivate init?(_ json: JSONValue) {
    guard let file = json["file"]?.string, let begin = json["begin"]?.integer,
      let end = json["end"]?.integer, let crc = json["crc32"]?.integer,
      let crc = UInt32(exactly: crc), begin >= 0, begin < end
    else { return nil }
    self.init(file: file, range: begin..<end, crc: crc)
  }
}
