/// The bytes of one or more tensors: immutable once made, shared without copying.
public final class TensorStorage: @unchecked Sendable {
  // Sendable because the bytes never change after `init`.

  private let bytes: UnsafeRawBufferPointer
  private let release: (@Sendable () -> Void)?
  /// What has pinned the memory, for a device to copy from it by itself.
  package let pinning: ObjectIdentifier?

  /// The number of bytes.
  public var byteCount: Int { bytes.count }

  /// Allocates page-aligned memory and lets a closure fill it.
  public convenience init<E: Error>(
    byteCount: Int, initializingWith fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    let memory = AlignedMemory(byteCount: byteCount)
    let bytes = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[..<byteCount])
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    try fill(bytes)
    self.init(memory: memory, byteCount: byteCount)
  }

  /// Uses memory of the caller's, without a copy.
  ///
  /// It must not change, and stays valid until `release` is called, once, on any thread.
  public init(bytesNoCopy bytes: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void) {
    self.bytes = bytes
    self.release = release
    pinning = nil
  }

  package init(memory: AlignedMemory, byteCount: Int) {
    bytes = UnsafeRawBufferPointer(rebasing: memory.bytes[..<byteCount])
    release = { withExtendedLifetime(memory) {} }
    pinning = nil
  }

  /// Uses memory that a device has pinned.
  init(memory: PinnedMemory, byteCount: Int) {
    bytes = UnsafeRawBufferPointer(rebasing: memory.bytes[..<byteCount])
    release = { withExtendedLifetime(memory) {} }
    pinning = memory.pinning
  }

  /// The same bytes as another storage, for tensors that are not to be taken for tied.
  package init(sharing other: TensorStorage) {
    bytes = other.bytes
    release = { withExtendedLifetime(other) {} }
    pinning = other.pinning
  }

  deinit { release?() }

  /// Calls a closure with the bytes, which are valid only during the call.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try body(bytes)
  }
}

extension TensorStorage: ByteSource {
  package func resident(
    _ range: Range<Int>, in window: ReadWindow?
  ) -> UnsafeRawBufferPointer? {
    UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  package func read(
    into destination: UnsafeMutableRawBufferPointer, at offset: Int, through window: ReadWindow?
  ) {
    destination.copyMemory(
      from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + destination.count]))
  }
}
