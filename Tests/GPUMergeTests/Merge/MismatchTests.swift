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
}
