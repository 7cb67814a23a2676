/// Where blocks go.
///
/// Called from several threads at once, for ranges that do not overlap.
package protocol OutputSink: AnyObject, Sendable {
  /// Writes bytes at an offset of the output.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(GPUMergeError)
}

/// An output in memory.
package final class MemorySink: OutputSink {
  package let memory: AlignedMemory

  package init(byteCount: Int) {
    memory = AlignedMemory(byteCount: byteCount)
  }

  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    UnsafeMutableRawBufferPointer(rebasing: memory.bytes[offset..<offset + bytes.count])
      .copyMemory(from: bytes)
  }
}
