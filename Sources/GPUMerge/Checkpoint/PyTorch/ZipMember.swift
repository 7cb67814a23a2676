/// One entry of a zip archive's directory, checked against its local header.
struct ZipMember: Sendable {
  /// The whole path in the archive, valid UTF-8.
  var name: [UInt8]
  var isDeflated: Bool
  var flags: UInt16
  var crc: UInt32
  /// The bytes in the archive.
  var compressedByteCount: Int
  /// The bytes once decompressed.
  var byteCount: Int
  /// Where the local header starts.
  var headerOffset: Int
  /// Where the (compressed) data starts.
  var dataOffset = 0

  static let folderMark = UInt8(ascii: "/")

  var isFolder: Bool { name.last == Self.folderMark }

  /// Whether a data descriptor follows the data.
  var hasDescriptor: Bool { flags & 8 != 0 }

  /// Whether there is a CRC-32 to compare with.
  ///
  /// `torch.save` can be told not to compute any, and then writes 0.
  var hasCRC: Bool { crc != 0 || byteCount == 0 }

  /// The name for messages.
  var displayName: String { String(decoding: name, as: UTF8.self) }

  func crcMismatch(found: UInt32, in file: InputFile) -> GPUMergeError {
    GPUMergeError(
      .zipCRC,
      "the data is damaged: its CRC-32 is \(String(found, radix: 16)), but the archive says "
        + String(crc, radix: 16),
      file: file.path, subject: displayName, offset: dataOffset,
      advice: "Copy or download the file again")
  }
}
