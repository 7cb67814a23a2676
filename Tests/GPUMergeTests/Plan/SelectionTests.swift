import GPUMerge
import TestSupport
import Testing

@Suite("Tensors that not all models have, and tensors that are not to be merged")
struct SelectionTests {
  private func vector(_ values: Float...) throws -> Tensor { try Tensor(values) }

  /// Three models: `c` is missing in the second, and only the third has `d`.
  private func models() throws -> [StateDict] {
    [
      ["a": try vector(1), "c": try vector(10)], ["a": try vector(2)],
      ["a": try vector(6), "c": try vector(40), "d": try vector(7)],
    ]
  }

  @Test("are an error that names --missing unless something else is asked for")
  func error() async throws {
    let models = try models()
    let error = await #expect(throws: GPUMergeError.self) { try await PlanFixture.merge(models) }
    #expect(error?.kind == .keyMismatch)
    #expect(error?.subject == "model 2")
    #expect(error?.problem.contains("missing here (1):\n  c") == true)
    #expect(error?.advice?.contains("--missing") == true)
  }

  @Test("with base, are copied from the first model, or left out with a warning")
  func base() async throws {
    let (merged, report) = try await PlanFixture.merge(models()) { $0.missing = .base }
    #expect(merged.names == ["a", "c"])
    #expect(merged.floats("a") == [3])
    #expect(merged.floats("c") == [10])
    #expect(report.tensors.kinds == ["a: merged", "c: copied", "d: ignored"])
    #expect(report.tensors.of("c")?.reason == "missing in model 2: model 1's")
    #expect(report.warnings == ["'d': left out, because model 1 lacks it"])
  }

  @Test("with base and a base model, are copied from it")
  func baseModel() async throws {
    let base: StateDict = ["c": try vector(-1), "a": try vector(0)]
    let (merged, _) = try await PlanFixture.merge(models(), base: base) { $0.missing = .base }
    #expect(merged.names == ["c", "a"])
    #expect(merged.floats("c") == [-1])
  }

  @Test("with skip, are left out")
  func skip() async throws {
    let (merged, report) = try await PlanFixture.merge(models()) { $0.missing = .skip }
    #expect(merged.names == ["a"])
    #expect(report.tensors.kinds == ["a: merged", "c: skipped", "d: skipped"])
    #expect(report.warnings.isEmpty)
  }

  @Test("with present, are averaged over the models that have them")
  func present() async throws {
    let (merged, report) = try await PlanFixture.merge(models()) { $0.missing = .present }
    #expect(merged.names == ["a", "c", "d"])
    #expect(merged.floats("c") == [25])
    #expect(merged.floats("d") == [7])
    #expect(report.tensors.kinds == ["a: merged", "c: merged", "d: copied"])
    #expect(report.tensors.map(\.modelCount) == [3, 2, 1])
    #expect(report.tensors.of("c")?.reason == "in 2 of 3 models")
    #expect(report.tensors.of("d")?.reason == "only in model 3")
  }

  @Test("with present, have the weights of these models, normalized among themselves")
  func weights() async throws {
    for (normalize, expected) in [(true, Float(32.5)), (false, 130)] {
      let (merged, _) = try await PlanFixture.merge(
        models(), WeightedAverageAlgorithm(weights: [1, 2, 3], normalize: normalize)
      ) { $0.missing = .present }
      #expect(merged.floats("c") == [expected])
      #expect(merged.floats("d") == [normalize ? 7 : 21])
    }
  }

  @Test("with present, cannot have weights that add up to zero")
  func zeroWeights() async throws {
    let models = try models()
    let error = await #expect(throws: GPUMergeError.self) {
      try await PlanFixture.merge(models, WeightedAverageAlgorithm(weights: [1, 5, -1])) {
        $0.missing = .present
      }
    }
    #expect(error?.kind == .usage)
    #expect(error?.subject == "c")
  }

  @Test("with present, are copied from the base if no model has them")
  func nobody() async throws {
    let base: StateDict = ["a": try vector(0), "e": try vector(5)]
    let models: [StateDict] = [["a": try vector(1)], ["a": try vector(3)]]
    let (merged, report) = try await PlanFixture.merge(models, base: base) { $0.missing = .present }
    #expect(merged.floats("e") == [5])
    #expect(report.tensors.of("e")?.reason?.hasPrefix("missing in all models") == true)
  }

  @Test("keep the masks of their models' positions with DARE, on every device")
  func dare() async throws {
    let count = 1009
    let random = RandomModels(
      count: 5, formats: [.float32], lengths: [count], seed: 9, hasBase: true, specials: false)
    let name = random.names[0]
    // The second and the fourth model lack it.
    let present = [0, 2, 4]
    var pool = random.pool
    for position in [1, 3] { pool.models[position] = .stateDict(["x": try vector(1)]) }
    for position in present {
      guard case .stateDict(var model) = pool.models[position] else { return }
      model["x"] = try vector(1)
      pool.models[position] = .stateDict(model)
    }
    guard case .stateDict(var base) = pool.base else { return }
    base["x"] = try vector(1)
    pool.base = .stateDict(base)
    var options = MergeOptions.testing(on: .cpu)
    options.selection.missing = .present
    for device in [MergeDevice.cpu] + TestDevices.all {
      options.device = device
      let merged = try await DareSimpleAverage(sparsityRatio: 0.5, seed: 3)
        .run(pool, options: options)
      let tensor = try #require(merged[name])
      for element in 0..<count {
        let kept = present.map {
          MaskOracle.keeps(element: element, model: $0, dropRate: 0.5, seed: 3, tensor: name)
        }
        let expected = MergeOracle.dare(
          present.map { (random.bits[$0][0][element], .float32) },
          base: (random.bits[5][0][element], .float32), kept: kept, divisor: Rational(1.5),
          output: .float32)
        let bits = tensor.withUnsafeBytes { FloatFormat.float32.bits(in: $0, at: element) }
        #expect(expected.accepts(bits))
      }
    }
  }

  @Test("that the base lacks come to the mean of the models with DARE")
  func dareWithoutBase() async throws {
    let base: StateDict = ["a": try vector(0)]
    let models: [StateDict] = [
      ["a": try vector(0), "n": try vector(2, 4)], ["a": try vector(0), "n": try vector(4, 8)],
    ]
    let (merged, report) = try await PlanFixture.merge(
      models, base: base, DareSimpleAverage(sparsityRatio: 0.9)
    ) { $0.missing = .present }
    #expect(merged.floats("n") == [3, 6])
    #expect(report.tensors.of("n")?.reason == "the base model lacks it: the mean of 2 of 2 models")
  }

  @Test("of models that share no name are an error whatever is asked for")
  func strangers() async throws {
    let models: [StateDict] = [["a": try vector(1)], ["module.a": try vector(2)]]
    for policy in TensorSelection.MissingPolicy.allCases {
      let error = await #expect(throws: GPUMergeError.self) {
        try await PlanFixture.merge(models) { $0.missing = policy }
      }
      #expect(error?.advice?.contains("'module.'") == true)
    }
  }

  @Test("are copied when kept, whatever the other models have")
  func keep() async throws {
    let models: [StateDict] = [
      ["w": try vector(1), "head.w": try vector(5, 6)],
      ["w": try vector(3), "head.w": try vector(1, 2, 3)],
      ["w": try vector(5)],
    ]
    let (merged, report) = try await PlanFixture.merge(models) { $0.keep = ["head.*"] }
    #expect(merged.floats("w") == [3])
    #expect(merged.floats("head.w") == [5, 6])
    #expect(report.tensors.of("head.w")?.reason == "kept by 'head.*': model 1's")
    #expect(report.warnings.isEmpty)
  }

  @Test("are copied unless they are among those to merge only")
  func only() async throws {
    let models: [StateDict] = [
      ["a.w": try vector(1), "b.w": try vector(1), "a.b": try vector(1)],
      ["a.w": try vector(3), "b.w": try vector(3), "a.b": try vector(3), "c": try vector(1)],
    ]
    let (merged, report) = try await PlanFixture.merge(models) {
      $0.only = ["a.*", "b.w"]
      $0.keep = ["*.b"]
    }
    #expect(merged.names == ["a.w", "b.w", "a.b"])
    #expect(merged.floats("a.w") == [2] && merged.floats("b.w") == [2])
    #expect(merged.floats("a.b") == [1])
    #expect(report.tensors.of("c")?.kind == .ignored)
  }

  @Test("outside of the backbone are copied, so that vocabularies may differ")
  func backbone() async throws {
    func model(_ rows: Int, _ value: Float) throws -> StateDict {
      let table = try Tensor([Float](repeating: value, count: rows * 2), shape: [rows, 2])
      return [
        "model.embed_tokens.weight": table, "model.layers.0.mlp.weight": try vector(value),
        "model.norm.weight": try vector(value),
        "lm_head.weight": try Tensor(table.values(as: Float.self) ?? [], shape: [rows, 2]),
      ]
    }
    let models = [try model(4, 1), try model(5, 3)]
    let error = await #expect(throws: GPUMergeError.self) { try await PlanFixture.merge(models) }
    #expect(error?.kind == .shapeMismatch)
    #expect(error?.advice?.contains("--backbone-only") == true)
    let (merged, report) = try await PlanFixture.merge(models) { $0.backboneOnly = true }
    #expect(merged.floats("model.layers.0.mlp.weight") == [2])
    #expect(merged["lm_head.weight"]?.shape == [4, 2])
    #expect(merged.floats("model.norm.weight") == [1])
    #expect(
      report.tensors.map(\.kind) == [.copied, .merged, .copied, .copied])
  }

  @Test("cannot be the backbone when there is none")
  func noBackbone() async throws {
    let models: [StateDict] = [["w": try vector(1)], ["w": try vector(1)]]
    let error = await #expect(throws: GPUMergeError.self) {
      try await PlanFixture.merge(models) { $0.backboneOnly = true }
    }
    #expect(error?.kind == .usage)
  }

  @Test("that a pattern names must exist; the error names those most like it")
  func unknownPattern() async throws {
    let models: [StateDict] = [["lm_head.weight": try vector(1), "q": try vector(1)]]
    for path in [\TensorSelection.keep, \TensorSelection.only] {
      let error = await #expect(throws: GPUMergeError.self) {
        try await PlanFixture.merge(models) { $0[keyPath: path] = ["lm_heads.*"] }
      }
      #expect(error?.kind == .usage)
      #expect(error?.advice == "Similar names are 'lm_head.weight'")
    }
  }

  @Test("that are copied keep their own type, with a warning if another was asked for")
  func ownType() async throws {
    let models: [StateDict] = [
      ["a": try vector(1), "b": try vector(1)], ["a": try vector(2), "b": try vector(2)],
    ]
    var options = MergeOptions.testing(on: .cpu)
    options.dtype = .bfloat16
    options.selection.keep = ["b"]
    let (merged, report) = try await Merge(
      ModelPool(stateDicts: models), algorithm: SimpleAverageAlgorithm(), options: options
    ).stateDict()
    #expect(merged["a"]?.dtype == .bfloat16)
    #expect(merged["b"]?.dtype == .float32)
    #expect(report.warnings.first?.hasPrefix("'b': copied as it is, in float32") == true)
  }

  @Test("of integers that differ are the first model's when that is asked for, and listed")
  func integers() async throws {
    let models: [StateDict] = [
      ["ids": try Tensor([Int64(1), 2]), "w": try vector(1)],
      ["ids": try Tensor([Int64(1), 3]), "w": try vector(1)],
    ]
    let (merged, report) = try await PlanFixture.merge(models) { $0.integers = .first }
    #expect(merged["ids"]?.values(as: Int64.self) == [1, 2])
    #expect(report.differingIntegers == ["ids"])
    #expect(report.differingCounters.isEmpty)
    #expect(
      report.tensors.of("ids")?.reason == "not the same in all models: model 1's value")
    let error = await #expect(throws: GPUMergeError.self) { try await PlanFixture.merge(models) }
    #expect(error?.advice?.contains("--integers first") == true)
  }
}
