import GPUMerge
import Testing

@Suite("Models that do not fit together, and values that cannot be averaged")
struct MismatchTests {
  private func tensor(_ values: [Float]) throws -> Tensor { try Tensor(values) }

  private func merge(_ models: [StateDict]) async throws -> (StateDict, MergeReport) {
    var options = MergeOptions()
    options.device = .cpu
    return try await Merge(
      ModelPool(stateDicts: models), algorithm: SimpleAverageAlgorithm(), options: options
    ).stateDict()
  }

  private func failure(_ models: [StateDict]) async -> GPUMergeError? {
    await #expect(throws: GPUMergeError.self) { try await merge(models) }
  }

  @Test("Missing and extra tensors are listed on both sides")
  func keys() async throws {
    let error = await failure([
      ["a": try tensor([1]), "b": try tensor([1])], ["a": try tensor([1]), "c": try tensor([1])],
    ])
    #expect(error?.kind == .keyMismatch)
    #expect(error?.problem.contains("missing here (1):\n  b") == true)
    #expect(error?.problem.contains("only here (1):\n  c") == true)
  }

  @Test("A prefix around all names is recognised")
  func prefix() async throws {
    let error = await failure([
      ["w": try tensor([1]), "b": try tensor([1])],
      ["module.w": try tensor([1]), "module.b": try tensor([1])],
    ])
    #expect(error?.advice?.contains("'module.'") == true)
  }

  @Test("A resized vocabulary is recognised, and shapes are never broadcast")
  func shapes() async throws {
    let small = try Tensor([Float](repeating: 0, count: 8), shape: [4, 2])
    let large = try Tensor([Float](repeating: 0, count: 10), shape: [5, 2])
    let error = await failure([["embed.weight": small], ["embed.weight": large]])
    #expect(error?.kind == .shapeMismatch)
    #expect(error?.advice?.contains("vocabulary") == true)
    let flat = try Tensor([Float](repeating: 0, count: 8), shape: [8])
    #expect(await failure([["w": small], ["w": flat]])?.kind == .shapeMismatch)
  }

  @Test("Names that are canonically equivalent are two names")
  func normalization() async throws {
    let both: StateDict = ["\u{e9}": try tensor([1]), "e\u{301}": try tensor([3])]
    #expect(try await merge([both, both]).0.count == 2)
    let error = await failure([["\u{e9}": try tensor([1])], ["e\u{301}": try tensor([1])]])
    #expect(error?.kind == .keyMismatch)
  }

  @Test(
    "Equal integers are copied, differing counters take the first, differing integers are refused")
  func integers() async throws {
    let counter: TensorName = "num_batches_tracked"
    func model(_ count: Int64, _ last: Int64) throws -> StateDict {
      [counter: try Tensor([count], shape: []), "ids": try Tensor([1, 2, last])]
    }
    let (merged, report) = try await merge([model(10, 3), model(13, 3)])
    #expect(merged[counter]?.values(as: Int64.self) == [10])
    #expect(merged["ids"]?.values(as: Int64.self) == [1, 2, 3])
    #expect(report.differingCounters == [counter])
    let error = await failure([try model(1, 3), try model(1, 4)])
    #expect(error?.kind == .valueMismatch)
    #expect(error?.subject == "ids")
    #expect(error?.problem.contains("element 2") == true)
  }

  @Test("Integers and floating-point numbers are not mixed")
  func types() async throws {
    let error = await failure([["w": try tensor([1])], ["w": try Tensor([Int64(1)])]])
    #expect(error?.kind == .dtypeMismatch)
  }

  @Test("NaN and infinity are counted, located and, when asked, refused")
  func nonFinite() async throws {
    let models: [StateDict] = [
      ["a": try tensor([1, 2]), "w": try tensor([1, .infinity, .nan])],
      ["a": try tensor([1, 2]), "w": try tensor([1, 2, 3])],
    ]
    let (_, report) = try await merge(models)
    let found = try #require(report.nonFinite.first)
    #expect(report.nonFinite.count == 1)
    #expect(found.name == "w" && found.count == 2 && found.firstElement == 1)
    var options = MergeOptions()
    options.device = .cpu
    options.rejectsNonFinite = true
    let error = await #expect(throws: GPUMergeError.self) {
      try await simpleAverage(models, options: options)
    }
    #expect(error?.subject == "w")
  }

  @Test("Truth values that differ are not called quantized weights")
  func truthValues() async throws {
    let error = await failure([
      ["mask": try Tensor([true, false])], ["mask": try Tensor([true, true])],
    ])
    #expect(error?.kind == .valueMismatch)
    #expect(error?.problem == "the models differ in this bool tensor, first at element 1")
    #expect(error?.advice?.hasPrefix("True and false are never averaged; --integers first") == true)
  }

  @Test("A scalar is no vector of one element")
  func scalar() async throws {
    let error = await failure([
      ["s": try Tensor([Float(1)], shape: [])], ["s": try Tensor([Float(1)], shape: [1])],
    ])
    #expect(error?.kind == .shapeMismatch)
    #expect(error?.problem.contains("s [1] instead of []") == true)
  }

  @Test("A resized vocabulary comes with options to paste; other shapes do not")
  func vocabulary() async throws {
    func model(_ rows: Int, columns: Int = 2, name: String = "lm_head") throws -> StateDict {
      [
        TensorName("\(name).weight"):
          try Tensor([Float](repeating: 0, count: rows * columns), shape: [rows, columns]),
        TensorName("\(name).bias"): try Tensor([Float](repeating: 0, count: rows)),
      ]
    }
    var error = await failure([try model(4), try model(5)])
    #expect(
      error?.advice?.hasSuffix(
        "--backbone-only or --keep 'lm_head.weight' --keep 'lm_head.bias'") == true)
    error = await failure([try model(4, name: "t[0]"), try model(5, name: "t[0]")])
    #expect(error?.advice?.contains("--keep 't[[]0].weight'") == true)
    for other in [try model(4, columns: 3), try model(5, columns: 3)] {
      error = await failure([try model(4), other])
      #expect(error?.advice?.contains("vocabulary") == false)
    }
    // In a layer it is something else.
    error = await failure([try model(4, name: "layers.0.q"), try model(5, name: "layers.0.q")])
    #expect(error?.advice?.contains("vocabulary") == false)
  }

  @Test("The error for NaN and infinity tells tensor, count and first element")
  func rejected() async throws {
    let models: [StateDict] = [["w": try tensor([1, .infinity, .nan])]]
    var options = MergeOptions.testing(on: .cpu)
    options.rejectsNonFinite = true
    options.dtype = .float16
    let error = await #expect(throws: GPUMergeError.self) {
      try await simpleAverage(models, options: options)
    }
    #expect(error?.subject == "w")
    #expect(
      error?.problem
        == "the result is NaN or infinite in 2 elements, first in element 1")
  }

  @Test("No models, and a base that is needed, are errors of the request")
  func requests() async throws {
    #expect(await failure([])?.kind == .usage)
    let model: StateDict = ["w": try tensor([1])]
    let error = await #expect(throws: GPUMergeError.self) {
      try await DareSimpleAverage().run(ModelPool(stateDicts: [model]))
    }
    #expect(error?.kind == .usage)
  }

  @Test("Empty tensors and scalars pass through")
  func emptyAndScalar() async throws {
    let model: StateDict = [
      "empty": try Tensor([Float](), shape: [0, 3]), "scalar": try Tensor([Float(2)], shape: []),
      "nothing": try Tensor([Int64](), shape: [0]),
    ]
    let (merged, _) = try await merge([model, model])
    #expect(merged.names == model.names)
    #expect(merged["empty"]?.shape == [0, 3])
    #expect(merged["scalar"]?.shape == [])
    #expect(merged["scalar"]?.values(as: Float.self) == [2])
  }
}
