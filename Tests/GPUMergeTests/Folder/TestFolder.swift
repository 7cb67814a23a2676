import Foundation
import GPUMerge
import SystemPackage
import Testing

/// A fresh folder, removed with the last reference to it unless it is a part of another.
final class TestFolder: Sendable {
  let path: FilePath
  private let isPart: Bool

  convenience init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "gpumerge-\(UUID())")
    try self.init(at: url, isPart: false)
  }

  init(at url: URL, isPart: Bool) throws {
    path = FilePath(url.path)
    self.isPart = isPart
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    if !isPart { try? FileManager.default.removeItem(atPath: path.string) }
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path.string) }
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let url = url(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  /// Writes a safetensors file with one float32 element for each name.
  func write(tensors: [String], value: Float = 1, metadata: String? = nil, to name: String) throws {
    var entries = metadata.map { [#""__metadata__":\#($0)"#] } ?? []
    var data: [UInt8] = []
    for tensor in tensors {
      entries.append(
        #""\#(tensor)":{"dtype":"F32","shape":[1],"data_offsets":[\#(data.count),\#(data.count + 4)]}"#
      )
      withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
    try write(safetensors("{\(entries.joined(separator: ","))}".utf8, data: data), to: name)
  }

  /// Writes an index, `map` giving the shard of each tensor.
  func write(
    index map: KeyValuePairs<String, String>, to name: String = "model.safetensors.index.json"
  ) throws {
    let pairs = map.map { #""\#($0.key)":"\#($0.value)""# }.joined(separator: ",")
    try write(#"{"metadata":{"total_size":\#(map.count * 4)},"weight_map":{\#(pairs)}}"#, to: name)
  }

  /// Writes a model of two shards, with the tensors a and b in the first and c in the second.
  func writeSharded() throws {
    try write(tensors: ["a", "b"], to: "1.safetensors")
    try write(tensors: ["c"], to: "2.safetensors")
    try write(index: ["a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"])
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: path.appending(name).string, withDestinationPath: target)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(at: url(name)) }

  func open(variant: String? = nil) throws -> Checkpoint {
    var options = ReadingOptions()
    options.variant = variant
    return try Checkpoint.open(path, options: options)
  }

  private func url(_ name: String) -> URL { URL(filePath: path.appending(name).string) }
}
