package import SystemPackage

/// A run of bytes inside a file, such as the data section of a checkpoint.
package final class FileRegion: ByteSource {
  package let byteCount: Int
  package var filePath: FilePath? { file.path }
  private let file: InputFile
  private let offset: Int

  /// Takes `byteCount` bytes of `file` from `offset` on; the range must lie inside the file.
  package init(_ file: InputFile, offset: Int, byteCount: Int) {
    self.file = file
    self.offset = offset
    self.byteCount = byteCount
  }

  package func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) throws(GPUMergeError) {
    try file.read(into: destination, at: self.offset + offset, through: window)
  }

  package func resident(
    _ range: Range<Int>, in window: ReadWindow?
  ) -> UnsafeRawBufferPointer? {
    file.resident(offset + range.lowerBound..<offset + range.upperBound, in: window)
  }

  package func extent(of range: Range<Int>) -> FileExtent? {
    file.extent(of: offset + range.lowerBound..<offset + range.upperBound)
  }
}
