import Kernels

/// One kind of launch, with data that is resident in a slot.
struct KernelCase {
  let name: String
  /// `bfloat16` or `float32`, of all models and the output.
  let dtype: DType
  private let step: Step
  private let run: InputRun
  private let elementCount: Int

  /// Elements as many as `byteCount` bytes of output hold.
  private init?(
    _ name: String, _ algorithm: any MergeAlgorithm, modelCount: Int, run: Int = 0, dtype: DType,
    byteCount: Int
  ) {
    self.name = name
    self.dtype = dtype
    elementCount = byteCount / dtype.byteWidth
    let shape = [elementCount]
    let tensorName: TensorName = "layer.weight"
    let nothing = TensorStorage(byteCount: 0) { _ in }
    let tensor = TensorInfo(
      name: tensorName, dtype: dtype, shape: shape, source: nothing,
      layout: .contiguous(byteOffset: 0))
    let operation = algorithm.operation(
      on: TensorDescription(name: tensorName, shape: shape), modelCount: modelCount)
    step = Step(
      output: OutputTensor(name: tensorName, dtype: dtype, shape: shape),
      action: .merge(
        operation, models: Array(repeating: tensor, count: modelCount),
        base: operation.usesBase ? tensor : nil))
    let runs = step.runs(maximumInputCount: Self.modelCount)
    guard runs.indices.contains(run) else { return nil }
    self.run = runs[run]
  }

  private static let modelCount = 4

  /// Every kind, for launches of so many bytes of output.
  static func all(byteCount: Int) -> [KernelCase] {
    [DType.bfloat16, .float32].flatMap { dtype in
      // Eight models take two launches: one that begins a sum, and one that ends it.
      let average = SimpleAverageAlgorithm()
      return [
        KernelCase(
          "simple_average", average, modelCount: modelCount, dtype: dtype, byteCount: byteCount),
        KernelCase(
          "weighted_average", WeightedAverageAlgorithm(weights: [0.4, 0.3, 0.2, 0.1]),
          modelCount: modelCount, dtype: dtype, byteCount: byteCount),
        KernelCase(
          "drop_and_rescale", DareSimpleAverage(sparsityRatio: 0.5), modelCount: modelCount,
          dtype: dtype, byteCount: byteCount),
        KernelCase(
          "accumulate_first", average, modelCount: 2 * modelCount, run: 0, dtype: dtype,
          byteCount: byteCount),
        KernelCase(
          "accumulate_last", average, modelCount: 2 * modelCount, run: 1, dtype: dtype,
          byteCount: byteCount),
      ].compactMap(\.self)
    }
  }

  // MARK: What a launch reads and writes

  private var laneByteCount: Int { elementCount * dtype.byteWidth }
  private var laneCount: Int { run.models.count + (run.kernel.family == gm_dare ? 1 : 0) }
  private var accumulatorByteCount: Int { elementCount * (run.kernel.wide ? 16 : 8) }

  /// The bytes of the staging area.
  var stagedByteCount: Int { laneCount * pitch }
  private var pitch: Int {
    (laneByteCount + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
  }

  /// Bytes that one launch reads and writes.
  var trafficByteCount: Int {
    laneCount * laneByteCount + (run.kernel.first ? 0 : accumulatorByteCount)
      + (run.kernel.last ? laneByteCount : accumulatorByteCount)
  }

  /// What a slot must hold for all kinds of launch.
  static func layout(of cases: [KernelCase], outputByteCount: Int) -> SlotLayout {
    SlotLayout(
      inputByteCount: cases.map(\.stagedByteCount).max() ?? 0,
      accumulatorByteCount: cases.map(\.accumulatorByteCount).max() ?? 0,
      outputByteCount: outputByteCount, flagCount: 1)
  }

  /// Fills the staging area.
  func stage(_ bytes: UnsafeMutableRawBufferPointer) {
    for lane in 0..<laneCount {
      let lanes = bytes[lane * pitch..<lane * pitch + laneByteCount]
      SyntheticWeights(dtype: dtype, seed: UInt64(lane))
        .fill(UnsafeMutableRawBufferPointer(rebasing: lanes))
    }
  }

  /// The launch.
  var launch: Launch? {
    guard case .merge(let operation, _, _) = step.action else { return nil }
    var piece = gm_piece()
    piece.count = UInt64(elementCount)
    piece.inputs = UInt32(run.models.count)
    withUnsafeMutableBytes(of: &piece.input) { bytes in
      let offsets = bytes.bindMemory(to: UInt64.self)
      for lane in 0..<run.models.count { offsets[lane] = UInt64(lane * pitch) }
    }
    piece.base = UInt64(run.models.count * pitch)
    return Launch(
      kernel: run.kernel, piece: piece, parameters: operation.parameters(for: run.models))
  }
}
