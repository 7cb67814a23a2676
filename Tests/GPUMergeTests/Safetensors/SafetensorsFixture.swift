import Foundation
import GPUMerge
import Testing
import SystemPackage

/// A committed safetensors file and what the safetensors library reads in it.
struct SafetensorsFixture: Sendable, CustomTestStringConvertible {
  let name: String
  let oracle: Oracle

  struct Oracle: Decodable, Sendable {
    var canonical: Bool
    var metadata: [[String]]
    var tensors: [Tensor]
  }

  struct Tensor: Decodable, Sendable {
    /// The UTF-8 bytes of the name in hexadecimal.
    var name: String
    var dtype: String
    var shape: [Int]
    /// The bytes in hexadecimal.
    var data: String
  }

  var testDescription: String { name }

  var url: URL { Self.folder.appending(path: "\(name).safetensors") }

  var path: FilePath { FilePath(url.path) }

  var bytes: [UInt8] {
    get throws { [UInt8](try Data(contentsOf: url)) }
  }

  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/safetensors")

  /// All fixtures, by name.
  static let all: [SafetensorsFixture] = load()

  private static func load() -> [SafetensorsFixture] {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    let names = (files ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    return names.sorted().compactMap { name in
      guard let data = try? Data(contentsOf: folder.appending(path: "\(name).json")),
        let oracle = try? JSONDecoder().decode(Oracle.self, from: data)
      else { return nil }
      return SafetensorsFixture(name: name, oracle: oracle)
    }
  }
}

/// Bytes as a pair of hexadecimal digits each.
func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// A safetensors file with this header and `data` after it.
func safetensors(_ header: some Sequence<UInt8>, data: [UInt8] = []) -> [UInt8] {
  let header = Array(header)
  let prefix = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) }
  return prefix + header + data
}

/// Calls `body` with the path of a file of these bytes, which exists only for the call.
func withFile<R>(_ bytes: [UInt8], _ body: (FilePath) throws -> R) throws -> R {
  let url = FileManager.default.temporaryDirectory.appending(path: "gpumerge-\(UUID())")
  try Data(bytes).write(to: url)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(FilePath(url.path))
}

extension TensorInfo {
  /// All bytes of the tensor, from its source.
  func bytes() throws -> [UInt8] {
    guard case .contiguous(let offset) = layout else { return [] }
    var bytes = [UInt8](repeating: 0xAA, count: byteCount)
    try bytes.withUnsafeMutableBytes { try source.read(into: $0, at: offset) }
    return bytes
  }
}
