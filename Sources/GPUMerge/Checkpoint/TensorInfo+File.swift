package import SystemPackage

extension TensorInfo {
  /// The file that has the tensor's bytes; nil if they are in memory, or of a tensor without any.
  package var file: FilePath? {
    source.extent(of: 0..<min(1, source.byteCount))?.file.path
      ?? (source as? DeflatedMember)?.file.path
  }
}
