import GPUMerge
import SystemPackage

extension Configuration {
  /// An error about a model that is not there, with the place that names it.
  ///
  /// The path alone is not what is written there: it starts where the configuration is.
  func placed(_ error: GPUMergeError) -> GPUMergeError {
    guard error.kind == .inputMissing, let path = error.file else { return error }
    let line = models.first { $0.source.path == path }?.line
    guard line != nil || base?.path == path else { return error }
    var error = error
    let place = line.map { "line \($0) of " } ?? ""
    error.problem += ", named in \(place)\(escaped(file.string, limit: 4096))"
    if ConfigurationReader(file: file).isRegularFile {
      error.advice = "Paths in a configuration start in its folder"
    }
    return error
  }
}

extension ModelSource {
  fileprivate var path: FilePath? {
    if case .checkpoint(let path) = self { path } else { nil }
  }
}
