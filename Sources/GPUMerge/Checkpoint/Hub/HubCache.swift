package import SystemPackage

/// The cache in which the tools of the Hugging Face Hub keep what they downloaded.
package struct HubCache: Sendable {
  /// The folder with one folder for each repository.
  package let folder: FilePath

  package init(_ folder: FilePath) { self.folder = folder }

  /// The cache that the tools of the Hub use in this environment.
  package static var standard: HubCache { HubCache(environment: Environment.value(of:)) }

  /// The cache that the tools of the Hub use in an environment; empty variables are not set.
  package init(environment: (String) -> String?) {
    func path(_ name: String) -> FilePath? {
      guard let text = environment(name), !text.isEmpty else { return nil }
      guard text == "~" || text.hasPrefix("~/"), let home = environment("HOME") else {
        return FilePath(text)
      }
      return FilePath(home + text.dropFirst())
    }
    if let hub = path("HF_HUB_CACHE") {
      folder = hub
    } else if let home = path("HF_HOME") {
      folder = home.appending("hub")
    } else {
      let caches = path("XDG_CACHE_HOME") ?? (path("HOME") ?? "/").appending(".cache")
      folder = caches.appending("huggingface").appending("hub")
    }
  }

  /// The folder of a model's snapshot, and the commit that it is of.
  package func snapshot(
    of reference: HubReference
  ) throws(GPUMergeError) -> (folder: FilePath, commit: String) {
    let name = reference.repository.replacing("/", with: "--")
    guard let repository = try InputFolder(ifFolderAt: folder.appending("models--\(name)")) else {
      throw missing(reference, "the model is not in the cache of the Hugging Face Hub, \(folder)")
    }
    let commit = try commit(reference, in: repository)
    let snapshot = repository.path.appending("snapshots").appending(commit)
    guard try InputFolder(ifFolderAt: snapshot) != nil else {
      throw missing(
        reference,
        "the model is in the cache of the Hugging Face Hub, but not this revision of it")
    }
    return (snapshot, commit)
  }

  private func commit(
    _ reference: HubReference, in repository: InputFolder
  ) throws(GPUMergeError) -> String {
    if reference.isCommit { return reference.revision }
    let path = FilePath("refs").pushing(FilePath(reference.revision))
    let file: InputFile
    do throws(GPUMergeError) {
      file = try InputFile(opening: path, in: repository)
    } catch {
      guard error.kind == .inputMissing || error.kind == .unsupportedFormat else { throw error }
      throw missing(
        reference,
        "the model is in the cache of the Hugging Face Hub, but not this revision of it")
    }
    let bytes = try file.bytes(at: 0, count: min(file.byteCount, 64))
    let text = String(decoding: bytes, as: UTF8.self)
    let commit = String(text.prefix { !$0.isWhitespace })
    guard HubReference.isCommit(commit) else {
      throw GPUMergeError(
        .notACheckpoint, "the cache of the Hugging Face Hub is damaged: this is no commit",
        file: file.path, advice: Self.advice(reference))
    }
    return commit
  }

  private func missing(_ reference: HubReference, _ problem: String) -> GPUMergeError {
    GPUMergeError(
      .inputMissing, problem, subject: reference.description,
      advice: Self.advice(reference) + ". If a file or folder is meant, correct its path")
  }

  /// How to get a model.
  static func advice(_ reference: HubReference) -> String {
    let revision = reference.revision == "main" ? "" : " --revision \(reference.revision)"
    return "Download it with 'hf download \(reference.repository)\(revision)'"
  }
}
