import SystemPackage

/// The error for a file or folder that cannot be opened.
func openingFailure(_ errno: Errno, _ path: FilePath) -> GPUMergeError {
  switch errno {
  case .noSuchFileOrDirectory, .notDirectory:
    GPUMergeError(.inputMissing, "there is no such file", file: path)
  case .tooManyOpenFiles:
    GPUMergeError(
      .io, "too many files are open: this process may have \(DescriptorLimit.current)", file: path,
      advice: "Raise the limit with 'ulimit -n'")
  case .tooManySymbolicLinkLevels:
    GPUMergeError(
      .io, "the symbolic links lead in a circle", file: path,
      advice: "Name the file itself")
  case .permissionDenied:
    GPUMergeError(
      .io, "there is no permission to read it", file: path,
      advice: "Allow it with chmod, or run the program as a user who may")
  default: GPUMergeError(.io, "cannot open the file: \(errno)", file: path)
  }
}
