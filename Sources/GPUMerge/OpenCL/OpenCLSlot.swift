import Kernels

/// A slot on an OpenCL device: buffers, kernels and a queue of its own, so that the copies and
/// kernels of several slots overlap.
package final class OpenCLSlot: Slot {
  private let backend: OpenCLBackend
  private let memory: SlotMemory
  /// Whether the current block has launches yet.
  private var isStarted = false
  /// Whether any of them used the accumulator.
  private var usesAccumulator = false

  private var layout: SlotLayout { memory.layout }
  private var queue: Queue { memory.queue }
  private var input: any Staging { memory.input }
  private var output: GuardedStaging { memory.output }
  private var flags: GuardedStaging { memory.flags }
  private var accumulator: GuardedBuffer { memory.accumulator }

  init(_ backend: OpenCLBackend, _ memory: SlotMemory) {
    self.backend = backend
    self.memory = memory
  }

  deinit {
    guard !isStarted, queue.drain() else { return }
    input.release()
    backend.keep(memory)
  }

  /// How much larger the largest buffer is than the layout says.
  static let overheadByteCount = 3 * pageByteCount

  package var pinning: ObjectIdentifier? {
    backend.memorySharing == .copied ? ObjectIdentifier(backend.context) : nil
  }

  package func reserveInput() { input.reserve() }

  package func beginInput() throws(DeviceError) -> UnsafeMutableRawBufferPointer {
    try backend.attempt { () throws(DeviceError) in staged(at: try input.lend()) }
  }

  private func staged(at start: UnsafeMutableRawPointer) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: start, count: layout.inputByteCount)
  }

  package func run(
    _ launches: [Launch], stagedByteCount: Int, uploads: [Upload]
  ) throws(DeviceError) {
    try backend.attempt { () throws(DeviceError) in
      if launches.isEmpty { return }
      if !isStarted { try startBlock() }
      try input.submit(byteCount: stagedByteCount)
      for upload in uploads { try input.submit(upload) }
      for launch in launches where launch.piece.count > 0 { try enqueue(launch) }
      try queue.flush()
    }
  }

  package func finish(outputByteCount: Int) throws(DeviceError) -> SlotOutput {
    try backend.attempt { () throws(DeviceError) in
      defer { if !isStarted { input.release() } }
      guard isStarted else {
        return SlotOutput(bytes: try output.lend(), flags: [], input: nil)
      }
      let staging = try input.reclaim().map(staged)
      // All of it, however many bytes are wanted: the canary at the end tells that the rest came.
      let bytes = try output.fetch()
      let words = try flags.fetch()
      if usesAccumulator { try accumulator.fetch() }
      try queue.finish()
      isStarted = false
      try checkCanaries()
      return SlotOutput(
        bytes: bytes, flags: Self.setFlags(UnsafeRawBufferPointer(words)), input: staging)
    }
  }

  private func checkCanaries() throws(DeviceError) {
    guard output.isIntact, flags.isIntact, !usesAccumulator || accumulator.isIntact else {
      throw DeviceError(
        device: backend.name, function: "clEnqueueNDRangeKernel", status: 0,
        detail: "the device wrote where it must not, or did not give back all that it wrote")
    }
  }

  private static func setFlags(_ words: UnsafeRawBufferPointer) -> [Int] {
    (0..<words.count / SlotMemory.flagByteCount).filter {
      words.load(fromByteOffset: $0 * SlotMemory.flagByteCount, as: UInt32.self) != 0
    }
  }

  /// Clears the flags and gives the output to the device.
  private func startBlock() throws(DeviceError) {
    try flags.lend().initializeMemory(as: UInt8.self, repeating: 0)
    try flags.submit(withContent: true)
    try output.submit(withContent: false)
    usesAccumulator = false
    isStarted = true
  }

  private func enqueue(_ launch: Launch) throws(DeviceError) {
    let kernel = try kernel(for: launch.kernel)
    // Not with the others: it may be in another place for every block.
    try kernel.bind(0, to: input.memory)
    if !(launch.kernel.first && launch.kernel.last) { usesAccumulator = true }
    var piece = launch.piece
    piece.output += UInt64(output.origin)
    piece.accumulator += UInt64(accumulator.origin)
    piece.flag += UInt32(flags.origin / SlotMemory.flagByteCount)
    let status: Result<Void, DeviceError> = withUnsafeBytes(of: &piece) { bytes in
      Result { () throws(DeviceError) in try kernel.bind(4, to: bytes) }
    }
    try status.get()
    try launch.parameters.withBytes { bytes throws(DeviceError) in
      try kernel.bind(5, to: bytes)
    }
    let perItem = backend.elementsPerWorkItem
    try queue.launch(
      kernel, workItemCount: (Int(launch.piece.count) + perItem - 1) / perItem)
  }

  private func kernel(for key: gm_kernel) throws(DeviceError) -> Kernel {
    if let kernel = memory.kernels[KernelKey(key)] { return kernel }
    let program = try backend.library.program(for: key)
    let kernel = try Kernel(program, wantedLocalSize: backend.wantedLocalSize)
    let arguments = [.buffer(accumulator.buffer), try output.memory, try flags.memory]
    for (index, memory) in zip(1..., arguments) { try kernel.bind(index, to: memory) }
    memory.kernels[KernelKey(key)] = kernel
    return kernel
  }
}
