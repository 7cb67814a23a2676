package import SystemPackage

/// Random access to a run of stored bytes: the data section of a file, a storage, memory.
///
/// Safe to call from several threads at once.
package protocol ByteSource: AnyObject, Sendable {
  /// The number of bytes that can be read.
  var byteCount: Int { get }
  /// The file that the bytes come from, nil if they are in memory.
  var filePath: FilePath? { get }

  /// Fills all of `destination` with the bytes from `offset` on; the range lies inside the source.
  /// What `window` holds of them is taken from there.
  func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) throws(GPUMergeError)

  /// Where a range of the bytes lies in a file just as it is; nil if it lies nowhere like that.
  func extent(of range: Range<Int>) -> FileExtent?

  /// A range of the bytes where it lies in memory already, so that no copy is needed: the source's own
  /// memory, or what `window` holds until it is cleared; nil if the range has to be read.
  func resident(_ range: Range<Int>, in window: ReadWindow?) -> UnsafeRawBufferPointer?

  /// What has pinned the memory that all bytes are in; nil where nothing has.
  var pinning: ObjectIdentifier? { get }
}

extension ByteSource {
  package var filePath: FilePath? { nil }
  package var pinning: ObjectIdentifier? { nil }
  package func extent(of range: Range<Int>) -> FileExtent? { nil }
  package func resident(
    _ range: Range<Int>, in window: ReadWindow?
  ) -> UnsafeRawBufferPointer? { nil }

  package func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(GPUMergeError) {
    try read(into: destination, at: offset, through: nil)
  }
}

extension ByteSource {
  /// Reads `count` bytes from `offset` on; the range must lie inside the source.
  package func bytes(at offset: Int, count: Int) throws(GPUMergeError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let result: Result<Void, GPUMergeError> = bytes.withUnsafeMutableBytes { buffer in
      do throws(GPUMergeError) {
        return .success(try read(into: buffer, at: offset))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    return bytes
  }
}
