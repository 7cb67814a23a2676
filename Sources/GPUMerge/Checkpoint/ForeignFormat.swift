/// A file format that GPUMerge knows by sight and does not read.
struct ForeignFormat: Sendable {
  private let marks: [Mark]
  /// What the file is, after "this is".
  private let what: String
  private let advice: String

  private struct Mark {
    var offset: Int
    var bytes: [UInt8]
  }

  private init(_ mark: [UInt8], at offset: Int = 0, _ what: String, _ advice: String) {
    self.init([Mark(offset: offset, bytes: mark)], what, advice)
  }

  private init(_ marks: [Mark], _ what: String, _ advice: String) {
    self.marks = marks
    self.what = what
    self.advice = advice
  }

  /// Whether a file that begins with `prefix` has this format.
  func matches(_ prefix: [UInt8]) -> Bool {
    marks.allSatisfy { prefix.dropFirst($0.offset).starts(with: $0.bytes) }
  }

  /// The error for such a file.
  var refusal: GPUMergeError {
    GPUMergeError(
      .unsupportedFormat, "this is \(what), which GPUMerge does not read", offset: marks[0].offset,
      advice: advice)
  }

  private static let convert = "Convert it to safetensors with the tools it was made with"
  private static let decompress = "Decompress it first"
  static let pickle =
    "Nothing in it was run. If you trust it, load it in Python and save its tensors as safetensors"

  /// All of them; the first that matches counts.
  static let all: [ForeignFormat] =
    [
      distributed(at: 3), distributed(at: 13),
      ForeignFormat(
        Array("ustar".utf8), at: 257,
        "a tar archive (a checkpoint of PyTorch before 0.1.10, or an archive of other files)",
        "If it is a checkpoint, load it with PyTorch and save it again with torch.save; otherwise "
          + "unpack it"),
      ForeignFormat(Array("GGUF".utf8), "a GGUF file (llama.cpp)", convert),
      ForeignFormat([0x89] + Array("HDF\r\n\u{1A}\n".utf8), "an HDF5 file (Keras)", convert),
      ForeignFormat(Array("TFL3".utf8), at: 4, "a TensorFlow Lite model", convert),
      ForeignFormat([0x93] + Array("NUMPY".utf8), "a NumPy array", convert),
      ForeignFormat(
        Array("PK\u{5}\u{6}".utf8), "an empty zip archive", "Copy or download the file again"),
      ForeignFormat([0x1F, 0x8B], "a gzip file", decompress),
      ForeignFormat([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive", decompress),
      ForeignFormat([0xFD] + Array("7zXZ\0".utf8), "an xz file", decompress),
      ForeignFormat([0x28, 0xB5, 0x2F, 0xFD], "a zstd file", decompress),
      ForeignFormat(Array("BZh".utf8), "a bzip2 file", decompress),
      ForeignFormat(Array("Rar!\u{1A}".utf8), "a RAR archive", decompress),
    ] + pickles + onnx

  /// The pickle that lists what the `.distcp` files beside it hold, in protocol 2 or 4.
  private static func distributed(at offset: Int) -> ForeignFormat {
    ForeignFormat(
      [
        Mark(offset: 0, bytes: [0x80]),
        Mark(offset: offset, bytes: Array("torch.distributed.checkpoint.metadata".utf8)),
      ], "the metadata of a distributed checkpoint (torch.distributed.checkpoint)",
      convertDistributed)
  }

  /// What to do with a folder of `.distcp` files.
  static let convertDistributed =
    "Make one file of its folder with "
    + "'python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER FILE'"

  private static let pickles = (2...5).map {
    ForeignFormat([0x80, $0], "a plain Python pickle (not made by torch.save)", pickle)
  }

  /// ONNX has no mark: a protobuf whose first field is the small version number of its format, and
  /// whose second field is the name of its producer.
  private static let onnx = (3...20).map {
    ForeignFormat([0x08, $0, 0x12], "an ONNX model", convert)
  }
}
