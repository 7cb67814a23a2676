import Kernels

/// A slot on an OpenCL device: buffers, kernels and a queue of its own, so that the copies and
/// kernels of several slots overlap.
package final class OpenCLSlot: Slot {
  private let backend: OpenCLBackend
  private let layout: SlotLayout
  private let queue: Queue
  private let input: any Staging
  private let output: any Staging
  private let flags: any Staging
  private let accumulator: Buffer
  private var kernels: [KernelKey: Kernel] = [:]
  /// Whether the current block has launches yet.
  private var isStarted = false

  init(_ backend: OpenCLBackend, _ layout: SlotLayout) throws(DeviceError) {
    let context = backend.context
    let queue = try Queue(context)
    func staging(_ byteCount: Int) throws(DeviceError) -> any Staging {
      backend.isHostUnified
        ? try SharedStaging(queue, byteCount: byteCount)
        : try PinnedStaging(queue, byteCount: byteCount)
    }
    input = try staging(layout.inputByteCount)
    output = try staging(layout.outputByteCount)
    flags = try staging(layout.flagCount * MemoryLayout<UInt32>.size)
    accumulator = try Buffer(context, byteCount: layout.accumulatorByteCount, in: .device)
    try queue.finish()
    self.backend = backend
    self.layout = layout
    self.queue = queue
  }

  // No command may be under way when the memory goes.
  deinit { queue.drain() }

  package func beginInput() throws(DeviceError) -> UnsafeMutableRawBufferPointer {
    try backend.attempt { () throws(DeviceError) in
      UnsafeMutableRawBufferPointer(
        start: try input.lend(), count: layout.inputByteCount)
    }
  }

  package func run(_ launches: [Launch], stagedByteCount: Int) throws(DeviceError) {
    try backend.attempt { () throws(DeviceError) in
      if launches.isEmpty { return }
      if !isStarted { try startBlock() }
      try input.submit(byteCount: stagedByteCount)
      for launch in launches where launch.piece.count > 0 { try enqueue(launch) }
      try queue.flush()
    }
  }

  package func finish(outputByteCount: Int) throws(DeviceError) -> SlotOutput {
    try backend.attempt { () throws(DeviceError) in
      let wasStarted = isStarted
      isStarted = false
      let start: UnsafeMutableRawPointer
      var set: [Int] = []
      if wasStarted {
        start = try output.fetch(byteCount: outputByteCount)
        let words = try flags.fetch(byteCount: flagByteCount)
        try queue.finish()
        set = setFlags(words)
      } else {
        start = try output.lend()
      }
      let bytes = UnsafeMutableRawBufferPointer(start: start, count: layout.outputByteCount)
      return SlotOutput(bytes: bytes, flags: set)
    }
  }

  private var flagByteCount: Int { layout.flagCount * MemoryLayout<UInt32>.size }

  private func setFlags(_ words: UnsafeMutableRawPointer) -> [Int] {
    let flags = UnsafeRawBufferPointer(start: words, count: flagByteCount)
    return flags.bindMemory(to: UInt32.self).indices.filter { index in
      flags.load(fromByteOffset: index * MemoryLayout<UInt32>.size, as: UInt32.self) != 0
    }
  }

  /// Clears the flags and gives the output to the device.
  private func startBlock() throws(DeviceError) {
    let words = try flags.lend()
    words.initializeMemory(as: UInt8.self, repeating: 0, count: flagByteCount)
    try flags.submit(byteCount: flagByteCount)
    try output.submit(byteCount: 0)
    isStarted = true
  }

  private func enqueue(_ launch: Launch) throws(DeviceError) {
    let kernel = try kernel(for: launch.kernel)
    var piece = launch.piece
    let status: Result<Void, DeviceError> = withUnsafeBytes(of: &piece) { bytes in
      Result { () throws(DeviceError) in try kernel.bind(4, to: bytes) }
    }
    try status.get()
    try launch.parameters.withBytes { bytes throws(DeviceError) in
      try kernel.bind(5, to: bytes)
    }
    // A work-item does four elements, aligned to the tensor's start as the random numbers are.
    let elements = (launch.piece.first & 3) + launch.piece.count
    try queue.launch(kernel, workItemCount: Int((elements + 3) / 4))
  }

  private func kernel(for key: gm_kernel) throws(DeviceError) -> Kernel {
    if let kernel = kernels[KernelKey(key)] { return kernel }
    let program = try backend.library.program(for: key)
    let kernel = try Kernel(program, wantedLocalSize: backend.wantedLocalSize)
    for (index, buffer) in [input.buffer, accumulator, output.buffer, flags.buffer].enumerated() {
      try kernel.bind(index, to: buffer)
    }
    kernels[KernelKey(key)] = kernel
    return kernel
  }
}
