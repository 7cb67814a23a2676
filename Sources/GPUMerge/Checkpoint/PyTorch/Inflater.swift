import CZlib

/// A zlib decompressor at some place of a raw deflate stream.
final class Inflater {
  // zlib's state points back to the stream, which therefore must not move.
  private let stream: UnsafeMutablePointer<z_stream>

  /// Starts a stream.
  init() throws(GPUMergeError) {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = inflateInit2_(
      stream, -MAX_WBITS, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      stream.deallocate()
      throw GPUMergeError(.internal, "zlib cannot start (status \(status))")
    }
    self.stream = stream
  }

  /// Continues where another one is, without changing that.
  init(copying other: Inflater) throws(GPUMergeError) {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = inflateCopy(stream, other.stream)
    guard status == Z_OK else {
      stream.deallocate()
      throw GPUMergeError(.internal, "zlib cannot copy its state (status \(status))")
    }
    self.stream = stream
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// What one call came to.
  struct Progress {
    var consumed: Int
    var produced: Int
    var isEnd: Bool
  }

  /// Decompresses until the input is used up, the output is full or the stream ends; nil if the
  /// stream is damaged.
  func inflate(
    _ input: UnsafeMutableRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Progress? {
    let inputCount = UInt32(clamping: input.count)
    let outputCount = UInt32(clamping: output.count)
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = inputCount
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = outputCount
    let status = CZlib.inflate(stream, Z_NO_FLUSH)
    // Z_BUF_ERROR only says that there was nothing to do.
    guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { return nil }
    return Progress(
      consumed: Int(inputCount - stream.pointee.avail_in),
      produced: Int(outputCount - stream.pointee.avail_out), isEnd: status == Z_STREAM_END)
  }
}
