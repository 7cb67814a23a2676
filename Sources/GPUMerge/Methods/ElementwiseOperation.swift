package import Kernels

/// What is done to the elements of one tensor, with all numbers resolved.
///
/// Made by a ``MergeAlgorithm``, run by a kernel family of the Kernels target.
public struct ElementwiseOperation: Sendable {
  package var family: Family
  /// The accumulated sum is divided by this.
  package var divisor: Divisor
  /// The positions that the models to merge have among all models, ascending; nil if they are all.
  package var positions: [Int]?

  package enum Family: Sendable {
    /// sum of weights[i] * model[i], over the divisor.
    case linear(weights: [Double])
    /// base + sum of mask[i] * (model[i] - base), over the divisor.
    case dare(mask: DropMask)
  }

  package init(_ family: Family, divisor: Divisor) {
    self.family = family
    self.divisor = divisor
  }

  /// The position among all models of one of those to merge.
  package func position(of model: Int) -> Int { positions?[model] ?? model }
}

extension ElementwiseOperation {
  package var kernelFamily: gm_family {
    switch family {
    case .linear: gm_linear
    case .dare: gm_dare
    }
  }

  package var usesBase: Bool {
    switch family {
    case .linear: false
    case .dare: true
    }
  }

  /// Whether one model alone comes out as it went in.
  package var isIdentityForOneModel: Bool {
    switch family {
    case .linear(let weights): weights.count == 1 && weights[0] == divisor.value
    case .dare: false
    }
  }

  /// The kernel's parameters for a launch that reads the models of `models`.
  package func parameters(for models: Range<Int>) -> MethodParameters {
    switch family {
    case .linear(let weights):
      var parameters = gm_linear_parameters()
      withUnsafeMutableBytes(of: &parameters.weight) { bytes in
        let patterns = bytes.bindMemory(to: UInt64.self)
        for (slot, weight) in zip(patterns.indices, weights[models]) {
          patterns[slot] = weight.bitPattern
        }
      }
      parameters.divisor = divisor.value.bitPattern
      parameters.divisor_rest = divisor.rest.bitPattern
      parameters.reciprocal = (1 / divisor.value).bitPattern
      return .linear(parameters)
    case .dare(let mask):
      var parameters = gm_dare_parameters()
      parameters.divisor = divisor.value.bitPattern
      parameters.divisor_rest = divisor.rest.bitPattern
      parameters.reciprocal = (1 / divisor.value).bitPattern
      parameters.threshold = mask.threshold
      parameters.key = (mask.key.low, mask.key.high)
      parameters.model = UInt32(position(of: models.lowerBound))
      return .dare(parameters)
    }
  }
}
