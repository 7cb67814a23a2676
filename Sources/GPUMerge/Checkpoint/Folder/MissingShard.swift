import SystemPackage

/// Says what became of a shard that an index lists and that is not there.
struct MissingShard {
  let name: String
  let folder: InputFolder

  var error: GPUMergeError {
    GPUMergeError(
      .indexMissingShard, "the index lists this shard, \(finding.problem)",
      file: folder.path.pushing(.init(name)), advice: finding.advice)
  }

  private var finding: (problem: String, advice: String) {
    if folder.contains(name) {
      return (
        "which is a link to a file that is not there", "Download the model again"
      )
    }
    let lowercase = name.lowercased()
    if let other = folder.names().first(where: { $0.lowercased() == lowercase }) {
      return (
        "but the folder has it as \(escaped(other))",
        "Give the file the name that the index has for it"
      )
    }
    if isUnfinished {
      return (
        "but it is not there; there is an unfinished download (.incomplete)",
        "Finish the download"
      )
    }
    return ("but it is not there", "Download the model again")
  }

  /// Whether there is an unfinished download where browsers and the tools of Hugging Face put it.
  private var isUnfinished: Bool {
    let base = name.split(separator: "/").last.map(String.init) ?? name
    if folder.names().contains(where: { $0.hasPrefix(base) && $0.hasSuffix(".incomplete") }) {
      return true
    }
    return [".cache/huggingface/download", "../../blobs"].contains { place in
      folder.names(below: .init(place)).contains { $0.hasSuffix(".incomplete") }
    }
  }
}
