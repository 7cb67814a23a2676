import SystemPackage

/// What an earlier run of the same merge has finished, checked byte by byte.
struct Leftovers {
  var records: [Journal.Record] = []
  /// The bytes, from the start of each file, that are as they shall be.
  var finished: [String: Int] = [:]
  var warnings: [String] = []

  init() {}

  /// Looks for leftovers in a folder.
  ///
  /// Throws `resumeMismatch` if they are of another merge, because to continue would mix them and to
  /// remove them would lose work.
  init(of plan: WorkPlan, in work: Folder) throws(GPUMergeError) {
    let path = work.path.appending(Journal.fileName)
    let contents = Journal.read(path)
    guard !contents.records.isEmpty else {
      if contents.isDamaged {
        warnings.append("the journal of an unfinished merge cannot be read; all is done again")
      }
      return
    }
    guard let earlier = contents.plan else {
      throw Self.mismatch("its journal is damaged", path)
    }
    if let difference = plan.difference(from: earlier) { throw Self.mismatch(difference, path) }
    if contents.isDamaged {
      warnings.append("the journal of the unfinished merge is damaged; some work is done again")
    }
    for output in plan.outputs {
      let path = work.path.appending("payload").appending(output.name)
      let chain = Self.chain(contents.records.filter { $0.file == output.name })
      let good = Self.verified(chain, at: path, byteCount: output.byteCount)
      if good.count < chain.count {
        warnings.append(
          "'\(escaped(output.name))' of the unfinished merge is not as its journal says; "
            + "some work is done again")
      }
      records += good
      if let last = good.last { finished[output.name] = last.range.upperBound }
    }
  }

  /// The records that follow each other from the start of the file on.
  private static func chain(_ records: [Journal.Record]) -> [Journal.Record] {
    var end = 0
    var chain: [Journal.Record] = []
    for record in records.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard record.range.lowerBound == end else { break }
      chain.append(record)
      end = record.range.upperBound
    }
    return chain
  }

  /// The records, up to the first that the file does not bear out.
  private static func verified(
    _ records: [Journal.Record], at path: FilePath, byteCount: Int
  ) -> [Journal.Record] {
    guard let file = try? InputFile(opening: path), file.byteCount == byteCount else { return [] }
    let buffer = AlignedMemory(byteCount: 1 << 20)
    return Array(
      records.prefix { record in
        record.range.upperBound <= byteCount
          && (try? file.checksum(of: record.range, buffer: buffer.bytes)) == record.crc
      })
  }

  private static func mismatch(_ problem: String, _ path: FilePath) -> GPUMergeError {
    GPUMergeError(
      .resumeMismatch, "there is an unfinished merge to this output, but \(problem)",
      file: path.removingLastComponent(),
      advice: "Throw it away with --restart, or choose another name with -o")
  }
}

extension InputFile {
  fileprivate func checksum(
    of range: Range<Int>, buffer: UnsafeMutableRawBufferPointer
  ) throws(GPUMergeError) -> UInt32 {
    var crc: UInt32 = 0
    for start in stride(from: range.lowerBound, to: range.upperBound, by: buffer.count) {
      let part = UnsafeMutableRawBufferPointer(
        rebasing: buffer[..<min(buffer.count, range.upperBound - start)])
      try read(into: part, at: start)
      crc = crc32(crc, UnsafeRawBufferPointer(part))
    }
    return crc
  }
}
