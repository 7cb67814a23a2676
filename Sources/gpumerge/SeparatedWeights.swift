import GPUMerge
import SystemPackage

/// The mistake of `--weights 0.7 0.3`, where all but the first weight are taken for models.
enum SeparatedWeights {
  /// Throws if models are called like numbers and are not there.
  static func check(_ weights: Weights?, models: [FilePath]) throws(GPUMergeError) {
    guard let weights else { return }
    let numbers = models.map(\.string).filter { Double($0) != nil && !isThere($0) }
    guard let first = numbers.first else { return }
    throw GPUMergeError(
      .usage, "'\(first)' stands where models do, and there is no such file",
      advice: "Separate weights by commas, without spaces: "
        + "--weights \(([weights.text] + numbers).joined(separator: ","))")
  }

  private static func isThere(_ name: String) -> Bool { Folder.status(FilePath(name)) != nil }
}
