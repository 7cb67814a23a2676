extension MergeDevice {
  /// Makes storage for tensors in the memory that this device reads fastest, and lets a closure fill it.
  ///
  /// A GPU with memory of its own copies what is in pinned memory by itself, at the speed of its bus; what is in
  /// other memory, the host copies there first. For models that are merged several times: pinning memory takes
  /// longer than copying it once. The storage may be used for merges on any device, and outlive this one. Of several
  /// devices, it is pinned for the first.
  ///
  /// - Parameters:
  ///   - byteCount: The number of bytes. They are zero before they are filled.
  ///   - fill: Gets the memory to write to.
  /// - Throws: What `fill` throws.
  /// - Returns: The storage; in ordinary memory, where the device works in the host's or has none left to pin.
  public func storage<E: Error>(
    byteCount: Int, initializingWith fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) -> TensorStorage {
    guard let memory = pinnedMemory(byteCount: byteCount) else {
      return try TensorStorage(byteCount: byteCount, initializingWith: fill)
    }
    let bytes = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[..<byteCount])
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    try fill(bytes)
    return TensorStorage(memory: memory, byteCount: byteCount)
  }

  private func pinnedMemory(byteCount: Int) -> PinnedMemory? {
    guard let backend = backends.lazy.compactMap(\.openCL).first else { return nil }
    let memory = try? WatchedBackend.attempt(
      "clEnqueueMapBuffer", device: backend.name, within: Self.defaultTimeLimit
    ) { () throws(DeviceError) in try backend.makePinnedMemory(byteCount: byteCount) }
    return memory ?? nil
  }

  /// The OpenCL device behind it; nil where there is none, or more than one device.
  var openCL: OpenCLBackend? { backends.count == 1 ? backends[0].openCL : nil }
}

extension Backend {
  /// The OpenCL device that it is, or watches.
  fileprivate var openCL: OpenCLBackend? {
    ((self as? WatchedBackend)?.backend ?? self) as? OpenCLBackend
  }
}
