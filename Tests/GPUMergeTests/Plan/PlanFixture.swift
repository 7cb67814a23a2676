import GPUMerge

/// Small models in memory, and merges of them.
enum PlanFixture {
  /// A float32 vector, in storage of its own.
  static func vector(_ values: Float...) throws -> Tensor { try Tensor(values) }

  /// Merges on the CPU.
  static func merge(
    _ models: [StateDict], base: StateDict? = nil,
    _ algorithm: some MergeAlgorithm = SimpleAverageAlgorithm(),
    selecting select: (inout TensorSelection) -> Void = { _ in }
  ) async throws -> (stateDict: StateDict, report: MergeReport) {
    var options = MergeOptions.testing(on: .cpu)
    select(&options.selection)
    return try await Merge(
      ModelPool(stateDicts: models, base: base), algorithm: algorithm, options: options
    ).stateDict()
  }

  /// What the plan makes of models, or why it cannot.
  static func plan(
    _ models: [LoadedModel], base: LoadedModel? = nil,
    selecting select: (inout TensorSelection) -> Void = { _ in }
  ) throws(GPUMergeError) -> TensorPlan {
    var selection = TensorSelection()
    select(&selection)
    return try Planner(
      models: models, base: base, algorithm: SimpleAverageAlgorithm(), dtype: nil,
      selection: selection
    ).plan()
  }

  /// A model of float32 matrices of 4 x 2, those with one value sharing their bytes.
  static func model(
    _ label: String, _ tensors: KeyValuePairs<String, Int>,
    metadata: [(key: String, value: String)] = [], tiesWordEmbeddings: Bool? = nil
  ) -> LoadedModel {
    let storage = TensorStorage(byteCount: 1024) { _ in }
    return LoadedModel(
      label: label,
      tensors: tensors.map { name, slot in
        TensorInfo(
          name: TensorName(name), dtype: .float32, shape: [4, 2], source: storage,
          layout: .contiguous(byteOffset: 32 * slot))
      }, metadata: metadata, tiesWordEmbeddings: tiesWordEmbeddings)
  }
}

extension StateDict {
  /// The elements of a float32 tensor; empty if there is none.
  func floats(_ name: TensorName) -> [Float] { self[name]?.values(as: Float.self) ?? [] }
}

extension [TensorFate] {
  /// The fate of a tensor.
  func of(_ name: TensorName) -> TensorFate? { first { $0.name == name } }

  /// The kinds of all, in order.
  var kinds: [String] { map { "\($0.name): \($0.kind.rawValue)" } }
}
