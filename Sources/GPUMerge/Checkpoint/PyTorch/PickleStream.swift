/// A pickle inside a file, read only as far as it turns out to reach.
///
/// Nothing but its last opcode tells how long a pickle is.
struct PickleStream {
  let file: InputFile
  /// Where in the file it starts.
  let start: Int
  /// The bytes that it may have.
  let limit: Int

  private static let pieceByteCount = 64 << 10

  /// The bytes from the start to the end of the file.
  var byteCount: Int { file.byteCount - start }

  /// Reads on until `bytes` holds the first `count` bytes, which the file must have, and maybe more.
  func extend(_ bytes: inout [UInt8], to count: Int) throws(GPUMergeError) {
    guard count <= limit else {
      throw GPUMergeError(
        .headerSize, "a pickle, which describes the tensors, has more than \(limit) bytes",
        offset: start,
        advice: GPUMergeError.Kind.raise("pickleByteCount"))
    }
    let wanted = max(count, 2 * bytes.count, Self.pieceByteCount)
    let end = min(wanted, limit, byteCount)
    bytes += try file.bytes(at: start + bytes.count, count: end - bytes.count)
  }
}
