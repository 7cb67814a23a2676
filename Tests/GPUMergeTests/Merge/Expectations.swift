import GPUMerge
import TestSupport
import Testing

/// An element of a tensor.
struct ElementIndex: Sendable {
  var name: TensorName
  var element: Int
}

/// Merges on every device and checks that all give the same bits, which are returned.
func mergeEverywhere(
  _ method: some MergeAlgorithm, _ pool: ModelPool, dtype: DType? = nil,
  blockByteCount: Int = 4096, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> StateDict {
  var options = MergeOptions.testing(on: .cpu, blockByteCount: blockByteCount)
  options.dtype = dtype
  let reference = try await method.run(pool, options: options)
  for device in TestDevices.all {
    options.device = device
    let other = try await method.run(pool, options: options)
    #expect(
      other.isIdentical(to: reference), "\(device.name) gives other bits",
      sourceLocation: sourceLocation)
  }
  return reference
}

/// Checks each element of a merged state dict against what is expected of the models' elements (the
/// base's last).
func expectEqual(
  _ merged: StateDict, _ models: RandomModels, output: FloatFormat,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ expected: (ElementIndex, [(bits: UInt64, format: FloatFormat)]) -> MergeOracle.Expectation
) throws {
  #expect(merged.names == models.names, sourceLocation: sourceLocation)
  for (position, name) in models.names.enumerated() {
    let tensor = try #require(merged[name], sourceLocation: sourceLocation)
    #expect(tensor.dtype == output.dtype, sourceLocation: sourceLocation)
    #expect(tensor.shape == [models.bits[0][position].count], sourceLocation: sourceLocation)
    for element in 0..<tensor.elementCount {
      let inputs = zip(models.bits, models.formats).map { ($0[position][element], $1) }
      let bits = tensor.withUnsafeBytes { output.bits(in: $0, at: element) }
      let expectation = expected(ElementIndex(name: name, element: element), inputs)
      guard !expectation.accepts(bits) else { continue }
      Issue.record(
        "\(name)[\(element)] is \(String(bits, radix: 16)), not \(expectation)",
        sourceLocation: sourceLocation)
      return
    }
  }
}

extension StateDict {
  /// Whether names, types, shapes and all bytes are the same.
  func isIdentical(to other: StateDict) -> Bool {
    names == other.names
      && names.allSatisfy { name in
        guard let a = self[name], let b = other[name] else { return false }
        return a.dtype == b.dtype && a.shape == b.shape
          && a.withUnsafeBytes { a in b.withUnsafeBytes { a.elementsEqual($0) } }
      }
  }
}

extension MergeOptions {
  /// Options with blocks so small that tensors of a few thousand elements span several.
  static func testing(on device: MergeDevice, blockByteCount: Int = 4096) -> MergeOptions {
    var options = MergeOptions()
    options.device = device
    options.blockByteCount = blockByteCount
    return options
  }
}
