package import Kernels

/// What is done to the elements of one tensor, with all numbers resolved.
///
/// Made by a ``MergeAlgorithm``, run by a kernel family of the Kernels target.
public struct ElementwiseOperation: Sendable {
  package var family: Family
  /// The accumulated sum is divided by this.
  package var divisor: Double

  package enum Family: Sendable {
    /// sum of weights[i] * model[i], over the divisor.
    case linear(weights: [Double])
    /// base + sum of mask[i] * (model[i] - base), over the divisor.
    case dare(mask: DropMask)
  }

  package init(_ family: Family, divisor: Double) {
    self.family = family
    self.divisor = divisor
  }
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
    case .linear(let weights): weights.count == 1 && weights[0] == divisor
    case .dare: false
    }
  }

  /// How to divide by the divisor: see `gm_division`.
  package var division: gm_division {
    if divisor == 1 { return gm_divide_none }
    let isPowerOfTwo = divisor.isNormal && divisor.significandBitPattern == 0
    return isPowerOfTwo && (1 / divisor).isNormal ? gm_divide_exact : gm_divide_full
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
      parameters.divisor = divisor.bitPattern
      parameters.reciprocal = (1 / divisor).bitPattern
      return .linear(parameters)
    case .dare(let mask):
      var parameters = gm_dare_parameters()
      parameters.divisor = divisor.bitPattern
      parameters.reciprocal = (1 / divisor).bitPattern
      parameters.threshold = mask.threshold
      parameters.key = (mask.key.low, mask.key.high)
      parameters.model = UInt32(models.lowerBound)
      return .dare(parameters)
    }
  }
}
