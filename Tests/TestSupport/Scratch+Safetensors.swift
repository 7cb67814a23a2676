import Foundation

extension Scratch {
  /// Writes a file with float32 vectors, or with matrices of so many columns.
  package func writeModel(
    _ name: String, _ tensors: KeyValuePairs<String, [Float]>, columns: Int? = nil
  ) throws {
    var entries: [String] = []
    var data = Data()
    for (key, values) in tensors {
      let start = data.count
      let shape = columns.map { [values.count / $0, $0] } ?? [values.count]
      for value in values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
      }
      entries.append(Self.entry(key, "F32", shape, start..<data.count))
    }
    try write(Self.header(entries) + data, to: name)
  }

  /// Writes a file with one scalar of int64 and one float32 element, as BatchNorm layers have.
  package func writeModel(_ name: String, counter: Int64) throws {
    let entries = [Self.entry("count", "I64", [], 0..<8), Self.entry("w", "F32", [1], 8..<12)]
    let data = withUnsafeBytes(of: counter.littleEndian) { Data($0) } + Data(count: 4)
    try write(Self.header(entries) + data, to: name)
  }

  /// Writes a file with one vector of int64, `ids`.
  package func writeModel(_ name: String, integers: [Int64]) throws {
    let data = integers.reduce(into: Data()) { data, value in
      withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }
    let entry = Self.entry("ids", "I64", [integers.count], 0..<data.count)
    try write(Self.header([entry]) + data, to: name)
  }

  /// Writes a file with one float32 vector of zeros that takes no room on disk.
  package func writeSparseModel(_ name: String, byteCount: Int) throws {
    let header = Self.header([Self.entry("w", "F32", [byteCount / 4], 0..<byteCount)])
    try write(header, to: name)
    let file = try FileHandle(forWritingTo: url(name))
    try file.truncate(atOffset: UInt64(header.count + byteCount))
    try file.close()
  }

  /// The header of a file that was written, as `JSONSerialization` reads it.
  package func header(of name: String) throws -> [String: Any] {
    let data = try bytes(of: name)
    let count = Self.headerByteCount(data)
    let json = try JSONSerialization.jsonObject(with: data[8..<8 + count])
    return json as? [String: Any] ?? [:]
  }

  /// The float32 elements of a tensor of a file that was written.
  package func floats(_ tensor: String, of name: String) throws -> [Float] {
    let entry = try header(of: name)[tensor] as? [String: Any]
    guard entry?["dtype"] as? String == "F32", let offsets = entry?["data_offsets"] as? [Int]
    else { return [] }
    let data = try bytes(of: name)
    let start = 8 + Self.headerByteCount(data)
    return stride(from: start + offsets[0], to: start + offsets[1], by: 4).map { offset in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[offset + $1]) << (8 * $1) }
      return Float(bitPattern: bits)
    }
  }

  private static func entry(
    _ name: String, _ dtype: String, _ shape: [Int], _ range: Range<Int>
  ) -> String {
    "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),"
      + "\"data_offsets\":[\(range.lowerBound),\(range.upperBound)]}"
  }

  private static func header(_ entries: [String]) -> Data {
    let json = Data("{\(entries.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json
  }

  private static func headerByteCount(_ data: Data) -> Int {
    (0..<8).reduce(0) { $0 | Int(data[$1]) << (8 * $1) }
  }
}
