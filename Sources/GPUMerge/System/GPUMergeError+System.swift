import Glibc
package import SystemPackage

extension GPUMergeError {
  /// The error that `errno` stands for, about an output.
  package static func system(
    _ problem: String, _ path: FilePath, _ error: Errno = Errno(rawValue: errno)
  ) -> GPUMergeError {
    switch error {
    case .fileExists:
      GPUMergeError(
        .outputExists, "the output came into being while it was merged", file: path,
        advice: "Choose another name with -o, or overwrite it with --force")
    case .noSuchFileOrDirectory, .permissionDenied, .notPermitted, .readOnlyFileSystem,
      .notDirectory, .fileNameTooLong:
      GPUMergeError(.cannotCreate, "\(problem): \(error)", file: path)
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
      GPUMergeError(
        .io, "\(problem): \(error)", file: path, advice: "Allow more with 'ulimit -n'")
    case .fileTooLarge:
      GPUMergeError(
        .io, "\(problem): \(error)", file: path,
        advice: "Allow larger files with 'ulimit -f', or write to another file system with -o")
    case .noSpace, .diskQuotaExceeded:
      GPUMergeError(
        .io, "\(problem): \(error)", file: path,
        advice: "Free some space, or write to another disk with -o")
    default:
      GPUMergeError(.io, "\(problem): \(error)", file: path)
    }
  }
}
