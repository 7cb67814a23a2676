/// Reads the text of a safetensors header once and checks every rule of the format.
struct SafetensorsHeaderParser {
  var scanner: JSONScanner
  /// The tensors; in the order of their data once `parse` is done.
  var entries: [SafetensorsHeader.Entry] = []
  let dataByteCount: Int
  let limits: Limits
  private var metadataPosition: Int?

  init(_ text: [UInt8], dataByteCount: Int, limits: Limits) throws(GPUMergeError) {
    self.dataByteCount = dataByteCount
    self.limits = limits
    scanner = try JSONScanner(
      text, fileOffset: SafetensorsHeader.prefixByteCount, depthLimit: limits.depth,
      noun: "the header, which lists the tensors,")
    // The shortest entry takes 50 bytes, so this is enough and never much too much.
    entries.reserveCapacity(min(limits.tensorCount, text.count / 50))
  }

  /// Reads the whole text.
  mutating func parse() throws(GPUMergeError) {
    try scanner.beginObject("'{', the start of the header")
    while let key = try scanner.nextKey() {
      if key.isSame(as: SafetensorsHeader.metadataKey, in: scanner.text) {
        try skipMetadata()
      } else {
        try appendEntry(named: key)
      }
    }
    try scanner.end()
    entries.sort { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }
    try checkCoverage()
  }

  /// The pairs of `__metadata__`, which `parse` has checked.
  mutating func metadata() throws(GPUMergeError) -> [(key: String, value: String)] {
    guard let metadataPosition else { return [] }
    var pairs: [(key: String, value: String)] = []
    scanner.restart(at: metadataPosition)
    try scanner.beginObject("an object")
    while let key = try scanner.nextKey() {
      let value = try scanner.string("a string")
      pairs.append((key.value(in: scanner.text), value.value(in: scanner.text)))
    }
    return pairs
  }

  private mutating func skipMetadata() throws(GPUMergeError) {
    if scanner.null() { return }
    metadataPosition = scanner.position
    var count = 0
    try scanner.beginObject("an object with the metadata")
    while let key = try scanner.nextKey() {
      _ = try scanner.string("a string, as all metadata is")
      count += 1
      guard count <= limits.tensorCount else {
        throw scanner.error(
          "the metadata has more than \(limits.tensorCount) keys", .headerSize, at: key.start)
      }
    }
  }
}

extension SafetensorsHeaderParser {
  /// Checks that the tensors, in the order of their data, fill the data section exactly.
  private func checkCoverage() throws(GPUMergeError) {
    var covered = 0
    var last: SafetensorsHeader.Entry?
    for entry in entries {
      if entry.begin > covered {
        throw error(
          .hole,
          "bytes \(covered) to \(entry.begin) of the data, before this tensor, belong to no tensor",
          entry)
      }
      if entry.begin < covered {
        let other = last.map { "that of '\(escaped(name(of: $0)))'" } ?? "the header"
        throw error(
          .offset, "its data begins at \(entry.begin), inside \(other), which ends at \(covered)",
          entry)
      }
      covered = entry.end
      last = entry
    }
    try checkEnd(covered, last)
  }

  private func checkEnd(
    _ covered: Int, _ last: SafetensorsHeader.Entry?
  ) throws(GPUMergeError) {
    let dataOffset = SafetensorsHeader.prefixByteCount + scanner.text.count
    if covered > dataByteCount, let last {
      throw GPUMergeError(
        .truncated,
        "the file ends \(byteCountText(covered - dataByteCount)) before the end of the last tensor",
        subject: name(of: last), offset: dataOffset + dataByteCount,
        advice: "It was probably cut short: copy or download it again")
    }
    if covered < dataByteCount {
      throw GPUMergeError(
        .trailingData,
        "the file goes on after the last tensor, for \(byteCountText(dataByteCount - covered))",
        offset: dataOffset + covered)
    }
  }

  private func error(
    _ kind: GPUMergeError.Kind, _ problem: String, _ entry: SafetensorsHeader.Entry
  ) -> GPUMergeError {
    var error = scanner.error(problem, kind, at: entry.name - 1)
    error.subject = name(of: entry)
    return error
  }

  private func name(of entry: SafetensorsHeader.Entry) -> String {
    JSONString(checkedAt: entry.name, in: scanner.text).value(in: scanner.text)
  }
}
