import GPUMerge
import TestSupport
import Testing

/// Lengths around every boundary that the code has: groups of 4, vectors, tiles, work-groups, blocks.
private let lengths = [0, 1, 2, 3, 4, 5, 63, 64, 65, 255, 257, 1009]

@Suite("Methods against exact arithmetic")
struct MethodTests {
  @Test(
    "A simple average is the exact mean rounded once",
    arguments: FloatFormat.all)
  func simpleAverage(format: FloatFormat) async throws {
    for modelCount in [2, 3, 4, 7] {
      let models = RandomModels(count: modelCount, formats: [format], lengths: lengths, seed: 1)
      let merged = try await mergeEverywhere(SimpleAverageAlgorithm(), models.pool)
      try expectEqual(merged, models, output: format) { index, inputs in
        MergeOracle.linear(
          inputs, weights: inputs.map { _ in 1 }, divisor: Rational(Double(modelCount)),
          output: format,
          isExact: true)
      }
    }
  }

  @Test("One model alone comes out as it went in, NaN payloads and all", arguments: FloatFormat.all)
  func oneModel(format: FloatFormat) async throws {
    let models = RandomModels(count: 1, formats: [format], lengths: lengths, seed: 1)
    let merged = try await SimpleAverageAlgorithm().run(models.pool, options: .testing(on: .cpu))
    guard case .stateDict(let original) = models.pool.models[0] else { return }
    #expect(merged.isIdentical(to: original))
  }

  @Test(
    "A weighted average carries binary64 precision to its one rounding",
    arguments: FloatFormat.all)
  func weightedAverage(format: FloatFormat) async throws {
    let weights = [0.7, -0.1, 0, 1e-3, 3]
    let models = RandomModels(count: 5, formats: [format], lengths: lengths, seed: 2)
    for normalize in [true, false] {
      let merged = try await mergeEverywhere(
        WeightedAverageAlgorithm(weights: weights, normalize: normalize), models.pool)
      try expectEqual(merged, models, output: format) { index, inputs in
        MergeOracle.linear(
          inputs, weights: weights,
          divisor: normalize ? weights.map(Rational.init).reduce(Rational(0), +) : Rational(1),
          output: format,
          isExact: false)
      }
    }
  }

  @Test(
    "DARE drops what the mask says and rescales the rest",
    arguments: FloatFormat.all)
  func dare(format: FloatFormat) async throws {
    let models = RandomModels(
      count: 3, formats: [format], lengths: lengths, seed: 3, hasBase: true)
    for (dropRate, rescale) in [(0.3, true), (0.9, false), (0, true), (1, false)] {
      let method = DareSimpleAverage(sparsityRatio: dropRate, rescale: rescale, seed: 42)
      let merged = try await mergeEverywhere(method, models.pool)
      let divisor = Rational(3) * (rescale ? Rational(1) - Rational(dropRate) : Rational(1))
      try expectEqual(merged, models, output: format) { index, inputs in
        let kept = (0..<3).map {
          MaskOracle.keeps(
            element: index.element, model: $0, dropRate: dropRate, seed: 42, tensor: index.name)
        }
        return MergeOracle.dare(
          Array(inputs.dropLast()), base: inputs[3], kept: kept, divisor: divisor, output: format)
      }
    }
  }

  @Test("Types may be mixed, and the output type may be any")
  func mixedTypes() async throws {
    let models = RandomModels(
      count: 5, formats: [.bfloat16, .float32, .float32, .float16, .float64], lengths: [257],
      seed: 4)
    let narrow = RandomModels(
      count: 4, formats: [.bfloat16, .float32, .float16, .bfloat16], lengths: [1009], seed: 5)
    let bytes = RandomModels(
      count: 5, formats: FloatFormat.float8 + [.bfloat16], lengths: [257], seed: 6)
    for output in FloatFormat.all {
      for models in [models, narrow, bytes] {
        let merged = try await mergeEverywhere(
          SimpleAverageAlgorithm(), models.pool, dtype: output.dtype)
        let count = Rational(Double(models.formats.count))
        try expectEqual(merged, models, output: output) { index, inputs in
          MergeOracle.linear(
            inputs, weights: inputs.map { _ in 1 }, divisor: count, output: output, isExact: true)
        }
      }
    }
  }

  @Test("More models than one launch reads give the same bits")
  func manyModels() async throws {
    for format in [FloatFormat.bfloat16, .float64, .float8E4M3] {
      let models = RandomModels(
        count: 37, formats: [format], lengths: [1, 65, 257], seed: 6, hasBase: true)
      var withoutBase = models.pool
      withoutBase.base = nil
      let mean = try await mergeEverywhere(SimpleAverageAlgorithm(), withoutBase)
      try expectEqual(mean, models, output: format) { index, inputs in
        MergeOracle.linear(
          Array(inputs.dropLast()), weights: Array(repeating: 1, count: 37),
          divisor: Rational(37.0),
          output: format, isExact: true)
      }
      _ = try await mergeEverywhere(DareSimpleAverage(sparsityRatio: 0.5, seed: 9), models.pool)
    }
  }
}
