import Synchronization
import SystemPackage

/// Four synthetic bfloat16 models in files, and what measures the disk: writing and reading them.
struct BenchmarkModels: Sendable {
  static let count = 4
  private static let tensorCount = 8
  private static let columnCount = 1024

  let paths: [FilePath]
  let layout: OutputLayout
  /// The weights of each model, which repeat in its file.
  let weights: [AlignedMemory]
  private let interruptible: Interruptible
  /// As merges on the CPU path read and write.
  private let blockByteCount: Int
  private let threadCount: Int

  /// Plans models of about a size, and makes their weights.
  init(in folder: FilePath, byteCount: Int, _ interruptible: Interruptible) throws(GPUMergeError) {
    let cpu = CPUBackend()
    let rows = max(1, byteCount / Self.tensorCount / Self.columnCount / 2)
    let tensors = (0..<Self.tensorCount).map { index in
      OutputTensor(
        name: TensorName("layers.\(index).weight"), dtype: .bfloat16,
        shape: [rows, Self.columnCount])
    }
    layout = try SafetensorsLayout.layout(tensors, metadata: [])
    paths = (0..<Self.count).map { folder.appending("model-\($0).safetensors") }
    blockByteCount = cpu.preferredBlockByteCount
    threadCount = cpu.preferredSlotCount
    self.interruptible = interruptible
    let blocks = (layout.byteCount + blockByteCount - 1) / blockByteCount
    let weightByteCount = min(blocks, 64) * blockByteCount
    var weights: [AlignedMemory] = []
    for index in 0..<Self.count {
      try interruptible.check()
      guard let memory = AlignedMemory(ifAvailable: weightByteCount) else {
        throw GPUMergeError(
          .io, "there is no memory for the benchmark", advice: "Make it smaller with --size")
      }
      SyntheticWeights(dtype: .bfloat16, seed: UInt64(index)).fill(memory.bytes)
      weights.append(memory)
    }
    self.weights = weights
  }

  /// The bytes of one file.
  var byteCount: Int { layout.byteCount }

  // MARK: The disk

  /// Writes a model as merges write, until it is durable.
  func write(_ model: Int) throws(GPUMergeError) {
    do throws(GPUMergeError) {
      let file = try OutputFile(at: paths[model], byteCount: byteCount)
      try forEachRange { range throws(GPUMergeError) in try write(range, of: model, to: file) }
      try file.sync()
      try file.close()
    } catch {
      guard error.kind != .cancelled else { throw error }
      var error = error
      error.advice = BenchmarkFolder.adviceOnPlace
      throw error
    }
  }

  private func write(
    _ range: Range<Int>, of model: Int, to file: OutputFile
  ) throws(GPUMergeError) {
    let memory = weights[model].bytes
    let start = range.lowerBound % memory.count
    let block = UnsafeRawBufferPointer(rebasing: memory[start..<start + range.count])
    let literals = layout.literals.filter { $0.offset < range.upperBound }
      .filter { $0.offset + $0.bytes.count > range.lowerBound }
    guard !literals.isEmpty else { return try file.write(block, at: range.lowerBound) }
    let copy = AlignedMemory(byteCount: range.count)
    copy.bytes.copyMemory(from: block)
    for literal in literals {
      for (index, byte) in zip(literal.offset..., literal.bytes) where range.contains(index) {
        copy.bytes[index - range.lowerBound] = byte
      }
    }
    try file.write(
      UnsafeRawBufferPointer(rebasing: copy.bytes[..<range.count]), at: range.lowerBound)
  }

  /// Reads a model, as merges read: from the disk where the page cache has been told to forget it.
  func read(_ model: Int, forgetting: Bool) throws(GPUMergeError) -> Double {
    let file = try InputFile(opening: paths[model])
    if forgetting { try file.leavePageCache() }
    // One for each thread, used again and again as slots are.
    let buffers = Mutex<[AlignedMemory]>([])
    return try Throughput.seconds { () throws(GPUMergeError) in
      try forEachRange { range throws(GPUMergeError) in
        let buffer = buffers.withLock { $0.popLast() } ?? AlignedMemory(byteCount: blockByteCount)
        defer { buffers.withLock { $0.append(buffer) } }
        try file.read(
          into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<range.count]),
          at: range.lowerBound)
      }
    }
  }

  private func forEachRange(
    _ body: @escaping @Sendable (Range<Int>) throws(GPUMergeError) -> Void
  ) throws(GPUMergeError) {
    let count = (byteCount + blockByteCount - 1) / blockByteCount
    try interruptible.forEachBlock(count: count, threadCount: threadCount) {
      block throws(GPUMergeError) in
      let start = block * blockByteCount
      try body(start..<min(start + blockByteCount, byteCount))
    }
  }
}
