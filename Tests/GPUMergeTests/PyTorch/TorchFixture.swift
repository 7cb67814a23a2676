import Foundation
import GPUMerge
import SystemPackage
import Testing

/// A file that PyTorch wrote, and what PyTorch reads in it.
struct TorchFixture: Sendable, CustomTestStringConvertible {
  let name: String
  /// Where the tensors are, if not in a customary place.
  var root: String?
  var allowsOpaqueObjects = false

  var testDescription: String { name }

  struct Tensor: Equatable, CustomStringConvertible {
    var name: [UInt8]
    var dtype: String
    var shape: [Int]
    var bytes: [UInt8]

    var description: String {
      "\(String(decoding: name, as: UTF8.self)) \(dtype) \(shape) \(bytes.prefix(64))"
    }
  }

  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/pytorch")

  static let all: [TorchFixture] =
    [
      "aligned_4096", "attributes", "big_endian", "every_dtype", "layouts", "lightning", "module",
      "no_crc", "parameters", "protocol4", "rezipped_deflated", "rezipped_stored", "small",
      "training", "unicode_names", "zip_recursive",
    ].map { TorchFixture(name: $0) } + [
      TorchFixture(name: "nested_twice", root: "outer.inner.dict")
    ] + legacy + withObjects

  /// In the format before PyTorch 1.6.
  static let legacy = [
    "big_endian_host", "every_dtype", "layouts", "module", "parameters", "protocol3", "protocol4",
    "protocol5", "python2", "small", "training", "unicode_names", "untyped", "views",
  ].map { TorchFixture(name: "legacy/\($0)") }

  /// As training programs write them, with other things beside the tensors.
  static let withObjects =
    ["detr", "detr_legacy", "objects2", "objects4", "objects5"].map {
      TorchFixture(name: "objects/\($0)", allowsOpaqueObjects: true)
    } + [
      TorchFixture(name: "objects/deepspeed_zero2"), TorchFixture(name: "objects/timm"),
      TorchFixture(name: "objects/esrgan", root: "params_ema"),
    ]

  var path: FilePath { Self.path(of: "\(name).pt") }

  static func path(of file: String) -> FilePath { FilePath(folder.appending(path: file).path) }

  func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path.string))) }

  func open() throws -> Checkpoint {
    var options = ReadingOptions()
    options.root = root
    options.allowsOpaqueObjects = allowsOpaqueObjects
    return try PyTorchReader.open(InputFile(opening: path), options: options)
  }

  /// What PyTorch reads.
  func expected() throws -> [Tensor] {
    let file = Self.folder.appending(path: "\(name).tsv")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    return try lines.map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      try #require(fields.count == 4)
      return Tensor(
        name: try Self.unhex(fields[0]), dtype: String(fields[1]),
        shape: fields[2].split(separator: ",").compactMap { Int($0) },
        bytes: try Self.unhex(fields[3]))
    }
  }

  private static func unhex(_ digits: Substring) throws -> [UInt8] {
    let digits = Array(digits)
    return try stride(from: 0, to: digits.count, by: 2).map {
      try #require(UInt8(String(digits[$0...$0 + 1]), radix: 16))
    }
  }
}

extension TorchFixture.Tensor {
  /// A tensor with its bytes read in pieces of at most `pieceByteCount`, rounded to elements.
  init(reading tensor: TensorInfo, pieceByteCount: Int = .max) throws {
    let width = max(1, tensor.dtype.bitWidth / 8)
    let step = pieceByteCount == .max ? max(1, tensor.byteCount) : pieceByteCount * width
    var bytes = [UInt8](repeating: 0xAA, count: tensor.byteCount)
    for start in Swift.stride(from: 0, to: tensor.byteCount, by: step) {
      let range = start..<min(start + step, tensor.byteCount)
      try bytes.withUnsafeMutableBytes {
        try tensor.read(bytes: range, into: .init(rebasing: $0[range]))
      }
    }
    self.init(
      name: tensor.name.utf8, dtype: tensor.dtype.torchName ?? "", shape: tensor.shape,
      bytes: bytes)
  }
}
