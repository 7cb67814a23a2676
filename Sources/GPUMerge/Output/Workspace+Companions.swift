import SystemPackage

extension Workspace {
  /// Writes what goes beside the weights, durably, and removes what an earlier run with other
  /// options may have left.
  package func write(
    _ companions: [CompanionFile], besides plan: OutputPlan
  ) throws(GPUMergeError) {
    guard place.isFolder else { return }
    removeFiles(except: companions.map(\.name) + plan.files.map(\.name))
    for companion in companions {
      if let end = companion.name.lastIndex(of: "/") {
        try Folder(payload.path.appending(String(companion.name[..<end]))).create()
      }
      switch companion.contents {
      case .bytes(let bytes): try write(bytes, to: companion.name)
      case .copy(let file): try copy(file, to: companion.name)
      }
    }
    for name in payload.entries() where ModelFolderContents.isKnownFolder(name) {
      try Folder(payload.path.appending(name)).sync()
    }
  }

  private func removeFiles(except names: [String]) {
    let known = Set(names)
    for name in payload.entries() where ModelFolderContents.isKnownFolder(name) {
      let folder = Folder(payload.path.appending(name))
      folder.remove(files: folder.entries().filter { !known.contains("\(name)/\($0)") })
    }
    payload.remove(files: payload.entries().filter { !known.contains($0) })
  }

  private func copy(_ file: InputFile, to name: String) throws(GPUMergeError) {
    let output = try OutputFile(at: payload.path.appending(name), byteCount: file.byteCount)
    let memory = AlignedMemory(byteCount: 1 << 20)
    for start in stride(from: 0, to: file.byteCount, by: memory.bytes.count) {
      let part = UnsafeMutableRawBufferPointer(
        rebasing: memory.bytes[..<min(memory.bytes.count, file.byteCount - start)])
      try file.read(into: part, at: start)
      try output.write(UnsafeRawBufferPointer(part), at: start)
    }
    extendLifetime(memory)
    try file.checkUnchanged()
    try output.sync()
    try output.close()
  }
}
