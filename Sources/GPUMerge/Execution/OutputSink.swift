/// Where blocks go.
///
/// Called from several threads at once, for ranges that do not overlap.
package protocol OutputSink: AnyObject, Sendable {
  /// Writes bytes at an offset of the output.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(GPUMergeError)

  /// How many bytes from the start hold already what they shall, because an earlier run that was
  /// interrupted wrote them.
  var finishedByteCount: Int { get }

  /// Reads some of those.
  func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(GPUMergeError)
}

/// An output in memory.
package final class MemorySink: OutputSink {
  package let memory: AlignedMemory
  package let finishedByteCount = 0

  package init(byteCount: Int) {
    // In huge pages the system has less to do with the first touch of each. Smaller ones waste less.
    let huge = byteCount < 32 << 20 ? nil : AlignedMemory(ifAvailableInHugePages: byteCount)
    memory = huge ?? AlignedMemory(byteCount: byteCount)
  }

  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    UnsafeMutableRawBufferPointer(rebasing: memory.bytes[offset..<offset + bytes.count])
      .copyMemory(from: bytes)
  }

  package func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
    bytes.copyMemory(
      from: UnsafeRawBufferPointer(rebasing: memory.bytes[offset..<offset + bytes.count]))
  }
}
