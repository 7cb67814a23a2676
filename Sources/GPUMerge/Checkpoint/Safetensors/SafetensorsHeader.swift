/// The header of a safetensors file, with every rule of the format checked.
///
/// Pure: bytes in, values out, no file. Until `tensors(in:)` makes them, a tensor is one flat entry,
/// so a hostile header cannot make us allocate much more than its own size.
package struct SafetensorsHeader: Sendable {
  /// The pairs of `__metadata__`, in order; empty if there are none.
  package let metadata: [(key: String, value: String)]
  private let scanner: JSONScanner
  private let entries: [Entry]

  /// The bytes before the header: its length, little-endian.
  package static let prefixByteCount = 8

  /// The bytes of a header as the file's first 8 bytes tell them, which may be any number.
  package static func byteCount(prefix: ArraySlice<UInt8>) -> UInt64 {
    prefix.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The key that holds the metadata, so no tensor can have this name.
  package static let metadataKey: StaticString = "__metadata__"

  /// What a tensor comes to, before its name and shape are taken out of the text.
  struct Entry {
    /// The index of the name in the text, after the quote.
    var name: Int
    /// The index of the shape in the text.
    var shape: Int
    var dtype: DType
    /// The first byte in the data section.
    var begin: Int
    /// The byte in the data section after the last one.
    var end: Int
  }

  /// Parses the JSON of a header that is followed by `dataByteCount` bytes of data.
  package init(
    parsing text: [UInt8], dataByteCount: Int, limits: Limits = Limits()
  ) throws(GPUMergeError) {
    var parser = try SafetensorsHeaderParser(
      text, dataByteCount: dataByteCount, limits: limits)
    try parser.parse()
    scanner = parser.scanner
    entries = parser.entries
    metadata = try parser.metadata()
  }

  /// The tensors in the order of their data, which is the data section `source`.
  package func tensors(in source: any ByteSource) throws(GPUMergeError) -> [TensorInfo] {
    var scanner = scanner
    var tensors: [TensorInfo] = []
    tensors.reserveCapacity(entries.count)
    var shape: [Int] = []
    for entry in entries {
      let name = JSONString(checkedAt: entry.name, in: scanner.text)
      let own = try self.shape(of: entry, &scanner)
      // Neighbours often have the same: they share its memory then.
      if own != shape { shape = own }
      tensors.append(
        TensorInfo(
          name: TensorName(valid: name.unescaped(in: scanner.text)), dtype: entry.dtype,
          shape: shape, source: source,
          layout: .contiguous(byteOffset: entry.begin)))
    }
    return tensors
  }

  private func shape(of entry: Entry, _ scanner: inout JSONScanner) throws(GPUMergeError) -> [Int] {
    scanner.restart(at: entry.shape)
    try scanner.beginArray("a shape")
    var shape: [Int] = []
    while try scanner.nextElement() {
      shape.append(Int(truncatingIfNeeded: try scanner.unsignedInteger("a dimension")))
    }
    return shape
  }
}
