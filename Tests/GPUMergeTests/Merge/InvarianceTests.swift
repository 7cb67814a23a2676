import GPUMerge
import TestSupport
import Testing

@Suite("What must not change a result")
struct InvarianceTests {
  private let methods: [any MergeAlgorithm] = [
    SimpleAverageAlgorithm(), WeightedAverageAlgorithm(weights: [0.5, 0.2, 0.3]),
    DareSimpleAverage(sparsityRatio: 0.4, seed: 7),
  ]

  @Test("Every device and instruction set gives the same bits", arguments: FloatFormat.all)
  func devices(format: FloatFormat) async throws {
    let models = RandomModels(
      count: 3, formats: [format], lengths: [5, 100_003], seed: 8, hasBase: true)
    for method in methods {
      _ = try await mergeEverywhere(method, models.pool, blockByteCount: 64 << 10)
    }
  }

  @Test("Block size, memory budget and threads do not change a bit")
  func blocks() async throws {
    let models = RandomModels(
      count: 3, formats: [.bfloat16, .float32, .float16], lengths: [1, 4099, 20_011], seed: 9,
      hasBase: true)
    for method in methods {
      let reference = try await method.run(models.pool, options: .testing(on: .cpu))
      for blockByteCount in [16, 48, 512, 1 << 20] {
        for threadCount in [1, 3] {
          var options = MergeOptions.testing(on: .cpu, blockByteCount: blockByteCount)
          options.threadCount = threadCount
          let other = try await method.run(models.pool, options: options)
          #expect(other.isIdentical(to: reference))
        }
      }
      var options = MergeOptions()
      options.device = .cpu
      options.memoryByteCount = 1 << 20
      let small = try await method.run(models.pool, options: options)
      #expect(small.isIdentical(to: reference))
    }
  }

  @Test("A budget too small for anything is an error", arguments: TestDevices.all)
  func noMemory(device: MergeDevice) async throws {
    let models = RandomModels(count: 2, formats: [.float32], lengths: [100_000], seed: 10)
    var options = MergeOptions()
    options.device = device
    options.memoryByteCount = 10_000
    let error = await #expect(throws: GPUMergeError.self) {
      try await SimpleAverageAlgorithm().run(models.pool, options: options)
    }
    #expect(error?.kind == .usage)
  }

  @Test("The order of the models does not change a simple average", arguments: FloatFormat.all)
  func permutations(format: FloatFormat) async throws {
    let models = RandomModels(
      count: 4, formats: [format], lengths: [1009], seed: 11, specials: false)
    let reference = try await SimpleAverageAlgorithm().run(
      models.pool, options: .testing(on: .cpu))
    for order in [[3, 2, 1, 0], [1, 3, 0, 2]] {
      let pool = ModelPool(order.map { models.pool.models[$0] })
      let other = try await SimpleAverageAlgorithm().run(pool, options: .testing(on: .cpu))
      #expect(other.isIdentical(to: reference))
    }
  }

  @Test("Copies of a model average to that model, bit for bit", arguments: FloatFormat.all)
  func copies(format: FloatFormat) async throws {
    let model = FiniteModel(format: format)
    for count in [2, 3, 5, 7, 16, 100] {
      let pool = ModelPool(stateDicts: Array(repeating: model.stateDict, count: count))
      let mean = try await SimpleAverageAlgorithm().run(pool, options: .testing(on: .cpu))
      #expect(mean.isIdentical(to: model.stateDict))
      guard format != .float64 else { continue }
      let weights = (0..<count).map { 0.1 + Double($0) }
      let weighted = try await WeightedAverageAlgorithm(weights: weights).run(
        pool, options: .testing(on: .cpu))
      #expect(weighted.isIdentical(to: model.stateDict))
    }
  }

  @Test("Copies of a float64 model have that model as their weighted average, bit for bit")
  func weightedCopies() async throws {
    // Products with numbers below 2^-900 lose bits that binary64 has no exponents for.
    let model = FiniteModel(format: .float64, smallestExponent: 123)
    for count in [2, 3, 5, 7, 16] {
      let pool = ModelPool(stateDicts: Array(repeating: model.stateDict, count: count))
      let weights = (0..<count).map { 0.1 + Double($0) }
      let weighted = try await WeightedAverageAlgorithm(weights: weights).run(
        pool, options: .testing(on: .cpu))
      #expect(weighted.isIdentical(to: model.stateDict))
    }
  }

  @Test("The mask of a tensor does not depend on which other tensors there are")
  func maskIndependence() async throws {
    let models = RandomModels(
      count: 2, formats: [.bfloat16], lengths: [257, 1009], seed: 12, hasBase: true,
      specials: false)
    let method = DareSimpleAverage(sparsityRatio: 0.5, seed: 1)
    let whole = try await method.run(models.pool, options: .testing(on: .cpu))
    let name = models.names[1]
    let alone = try await method.run(
      models.pool.keepingOnly(name), options: .testing(on: .cpu, blockByteCount: 48))
    let tensor = try #require(alone[name])
    #expect(tensor.values16 == whole[name]?.values16)
  }

  @Test("Another seed gives another mask")
  func seeds() async throws {
    let models = RandomModels(
      count: 2, formats: [.float32], lengths: [1009], seed: 13, hasBase: true, specials: false)
    let results = try await [UInt64(1), 2].asyncMap {
      try await DareSimpleAverage(sparsityRatio: 0.5, seed: $0).run(
        models.pool, options: .testing(on: .cpu))
    }
    #expect(!results[0].isIdentical(to: results[1]))
  }
}

/// A model whose every value is finite: all of them, for types of 8 and 16 bits.
private struct FiniteModel {
  var stateDict = StateDict()

  init(format: FloatFormat, smallestExponent: UInt64 = 0) {
    var generator = SeededGenerator(seed: 14)
    let bits: [UInt64] =
      format.byteWidth <= 2
      ? (0..<1 << (8 * UInt64(format.byteWidth))).filter(format.isFinite)
      : (0..<5000).map { _ in
        // The largest exponents are left out for float64, whose sums would overflow binary64.
        let bits = generator.next() & (format.signBit << 1 &- 1)
        let exponent = bits >> format.mantissaBits & format.maximumExponent
        let isInRange = exponent >= smallestExponent && exponent <= format.maximumExponent - 12
        return isInRange
          ? bits : bits & ~format.finiteEnd | smallestExponent << format.mantissaBits
      }
    stateDict["weights"] = RandomModels.tensor(bits, format: format)
  }
}

extension ModelPool {
  fileprivate func keepingOnly(_ name: TensorName) -> ModelPool {
    func reduced(_ source: ModelSource) -> ModelSource {
      guard case .stateDict(let stateDict) = source else { return source }
      var result = StateDict()
      result[name] = stateDict[name]
      return .stateDict(result)
    }
    return ModelPool(models.map(reduced), base: base.map(reduced))
  }
}

extension Tensor {
  fileprivate var values16: [UInt64] {
    withUnsafeBytes { bytes in
      (0..<elementCount).map { FloatFormat.bfloat16.bits(in: bytes, at: $0) }
    }
  }
}

extension Sequence {
  fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
    var result: [T] = []
    for element in self { result.append(try await transform(element)) }
    return result
  }
}
