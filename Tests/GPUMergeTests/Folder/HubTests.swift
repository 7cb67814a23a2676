import GPUMerge
import SystemPackage
import Testing

@Suite("models of the Hugging Face Hub")
struct HubTests {
  private static let commit = "0123456789abcdef0123456789abcdef01234567"

  @Test(
    "text that is a reference",
    arguments: [
      ("org/name", "org/name", "main"), ("org/name@v1.0", "org/name", "v1.0"),
      ("o/Llama-3.1_8B", "o/Llama-3.1_8B", "main"), ("o/n@refs/pr/1", "o/n", "refs/pr/1"),
      ("o/n@\(commit)", "o/n", commit), ("o/n@main", "o/n", "main"),
    ])
  func references(text: String, repository: String, revision: String) throws {
    let reference = try #require(HubReference(parsing: text))
    #expect(reference.repository == repository)
    #expect(reference.revision == revision)
    #expect(HubReference(parsing: reference.description) == reference)
  }

  @Test(
    "text that is no reference",
    arguments: [
      "", "name", "/name", "org/", "org/name/x", "../name", "org/..", "./name", "org/-name",
      "org/name.", "org/a--b", "org/a..b", "o rg/name", "org/name@", "org/name@../x",
      "org/name@../\u{301}x", "org/name@x/..\u{2F}\u{301}", "org/name@/\u{301}x",
      "org/name@/x", "org/name@x/", "org/name@a\nb", "org/name.git", "org\\x/name",
      String(repeating: "x", count: 100) + "/name", "org/n\u{e9}",
    ])
  func noReferences(text: String) {
    #expect(HubReference(parsing: text) == nil)
  }

  @Test(
    "the cache is where the Hub's tools have it",
    arguments: [
      (["HF_HUB_CACHE": "/a", "HF_HOME": "/b"], "/a"),
      (["HF_HOME": "/b", "XDG_CACHE_HOME": "/c"], "/b/hub"),
      (["HF_HUB_CACHE": "", "XDG_CACHE_HOME": "/c", "HOME": "/d"], "/c/huggingface/hub"),
      (["HOME": "/d"], "/d/.cache/huggingface/hub"),
      (["HF_HOME": "~/x", "HOME": "/d"], "/d/x/hub"),
    ])
  func location(environment: [String: String], folder: String) {
    #expect(HubCache(environment: { environment[$0] }).folder.string == folder)
  }

  @Test(
    "a branch, a pull request and a commit lead to the snapshot, through its links to blobs",
    arguments: ["org/name", "org/name@refs/pr/1", "org/name@\(commit)"])
  func snapshot(text: String) throws {
    let cache = try Self.cache()
    let checkpoint = try Self.open(text, in: cache)
    #expect(checkpoint.commit == Self.commit)
    #expect(checkpoint.tensors.map(\.name) == ["a", "b"])
    let folder = cache.path.appending("models--org--name/snapshots").appending(Self.commit)
    #expect(checkpoint.folder == folder)
    #expect(checkpoint.config?["model_type"]?.string == "llama")
  }

  @Test(
    "what is not in the cache is missing, with the command that downloads it",
    arguments: [
      ("org/other", "hf download org/other'"),
      ("org/name@v2", "hf download org/name --revision v2'"),
      ("org/name@\(String(repeating: "0", count: 40))", "--revision 0000"),
      ("org/name@refs", "--revision refs'"), ("org/name@0123456", "--revision 0123456'"),
    ])
  func missing(text: String, command: String) throws {
    let error = try failure(text, in: Self.cache())
    #expect(error.kind == .inputMissing)
    #expect(error.description.contains(command), "\(error)")
  }

  @Test("a download that was not finished is found out")
  func unfinished() throws {
    let cache = try Self.cache()
    try cache.remove("models--org--name/blobs/2")
    let error = try failure("org/name", in: cache)
    #expect(error.kind == .indexMissingShard)
    #expect(error.advice == "Download it with 'hf download org/name'")
  }

  @Test("a reference that holds no commit is refused", arguments: ["", "../../..", "main"])
  func damaged(commit: String) throws {
    let cache = try Self.cache()
    try cache.write(commit, to: "models--org--name/refs/main")
    #expect(try failure("org/name", in: cache).kind == .notACheckpoint)
  }

  /// A cache with one model of two shards, as the Hub's tools lay it out.
  private static func cache() throws -> TestFolder {
    let cache = try TestFolder()
    let repository = "models--org--name"
    try cache.write(tensors: ["a"], to: "\(repository)/blobs/1")
    try cache.write(tensors: ["b"], to: "\(repository)/blobs/2")
    try cache.write(
      index: ["a": "1.safetensors", "b": "2.safetensors"], to: "\(repository)/blobs/3")
    try cache.write(#"{"model_type":"llama"}"#, to: "\(repository)/blobs/4")
    try cache.write(commit, to: "\(repository)/refs/main")
    try cache.write(commit + "\n", to: "\(repository)/refs/refs/pr/1")
    let snapshot = "\(repository)/snapshots/\(commit)"
    try cache.write("", to: "\(snapshot)/README.md")
    let names = [
      "1.safetensors", "2.safetensors", "model.safetensors.index.json", "config.json",
    ]
    for (blob, name) in zip(1..., names) {
      try cache.link("\(snapshot)/\(name)", to: "../../blobs/\(blob)")
    }
    return cache
  }

  private static func open(_ text: String, in cache: TestFolder) throws -> Checkpoint {
    try Checkpoint.open(
      try #require(HubReference(parsing: text)), cache: HubCache(cache.path))
  }

  private func failure(_ text: String, in cache: TestFolder) throws -> GPUMergeError {
    try #require(throws: GPUMergeError.self) { try Self.open(text, in: cache) }
  }
}
