import SystemPackage

extension Workspace {
  /// The files of a plan as they are going to be named, and their SHA-256 if it is wanted.
  func files(
    of plan: OutputPlan, at target: OutputTarget, hashed: Bool
  ) throws(GPUMergeError) -> [MergeReport.WrittenFile] {
    var files: [MergeReport.WrittenFile] = []
    for file in plan.files {
      let path =
        if case .folder(let folder, _) = target {
          folder.appending(file.name)
        } else {
          target.path
        }
      let written = payload.path.appending(file.name)
      files.append(
        MergeReport.WrittenFile(
          path: path, byteCount: file.plan.layout.byteCount,
          sha256: hashed ? try Self.sha256(of: written) : nil))
    }
    return files
  }

  private static func sha256(of path: FilePath) throws(GPUMergeError) -> String {
    let file = try InputFile(opening: path)
    let buffer = AlignedMemory(byteCount: 1 << 20)
    var sum = SHA256()
    for start in stride(from: 0, to: file.byteCount, by: buffer.bytes.count) {
      let part = UnsafeMutableRawBufferPointer(
        rebasing: buffer.bytes[..<min(buffer.bytes.count, file.byteCount - start)])
      try file.read(into: part, at: start)
      sum.add(UnsafeRawBufferPointer(part))
    }
    return sum.hexadecimal()
  }
}
