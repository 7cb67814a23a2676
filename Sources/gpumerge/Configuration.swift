import GPUMerge
import SystemPackage

/// A configuration file in mergekit's schema, read but not yet held against a method.
struct Configuration: Sendable {
  /// Something together with the line it stands on.
  struct Located<Value: Sendable>: Sendable {
    var value: Value
    var line: Int
  }

  /// A model of the list.
  struct Model: Sendable {
    var source: ModelSource
    var weight: Located<Double>?
    var line: Int
  }

  var file: FilePath
  var method: Located<String>?
  var base: ModelSource?
  var models: [Model] = []
  /// The weight of all models that have none of their own.
  var weight: Located<Double>?
  var parameters: [Located<MethodParameter>] = []
  var dtype: DType?
  var selection = TensorSelection()

  /// Whether weights are given, in whichever way.
  var hasWeights: Bool {
    weight != nil || models.contains { $0.weight != nil }
      || parameters.contains { $0.value.name == Self.weights }
  }

  /// The row of the method that the file names, if it names one.
  func methodRow() throws(GPUMergeError) -> MethodRow? {
    guard let method else { return nil }
    do throws(GPUMergeError) {
      return try MergeMethods.row(named: method.value)
    } catch {
      throw error.located(in: file, line: method.line)
    }
  }

  /// The parameters but those that are overridden, each checked to be one of the method's.
  func methodParameters(
    of row: MethodRow, except overridden: Set<String>
  ) throws(GPUMergeError) -> [MethodParameter] {
    var given = parameters.filter { !overridden.contains($0.value.name) }
    if !overridden.contains(Self.weights), let weights = try gatheredWeights() {
      given.append(weights)
    }
    var result: [MethodParameter] = []
    for parameter in given {
      do throws(GPUMergeError) {
        result.append(try row.checked(parameter.value))
      } catch {
        throw error.located(in: file, line: parameter.line)
      }
    }
    return result
  }

  /// mergekit's way to give weights, one at each model, as the one parameter that methods have.
  private func gatheredWeights() throws(GPUMergeError) -> Located<MethodParameter>? {
    guard let first = models.lazy.compactMap(\.weight).first ?? weight else { return nil }
    if let list = parameters.first(where: { $0.value.name == Self.weights }) {
      throw GPUMergeError(.configuration, "weights are given twice, here and in line \(first.line)")
        .located(in: file, line: list.line)
    }
    var weights: [Double] = []
    for model in models {
      guard let weight = model.weight ?? weight else {
        throw GPUMergeError(
          .configuration, "this model has no weight, but others have",
          advice: "Give all models a weight, or none"
        ).located(in: file, line: model.line)
      }
      weights.append(weight.value)
    }
    return Located(value: MethodParameter(Self.weights, .numbers(weights)), line: first.line)
  }

  private static let weights = "weights"
}

extension GPUMergeError {
  /// The error as one of a configuration file, with the line.
  func located(in file: FilePath, line: Int) -> GPUMergeError {
    var error = self
    error.kind = .configuration
    error.file = file
    error.problem = "line \(line): \(problem)"
    return error
  }
}
