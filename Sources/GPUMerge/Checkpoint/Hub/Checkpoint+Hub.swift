extension Checkpoint {
  /// Opens a model of the Hugging Face Hub from the cache on this machine.
  package static func open(
    _ reference: HubReference, options: ReadingOptions = ReadingOptions(),
    cache: HubCache = .standard
  ) throws(GPUMergeError) -> Checkpoint {
    let snapshot = try cache.snapshot(of: reference)
    do throws(GPUMergeError) {
      var checkpoint = try open(snapshot.folder, options: options)
      checkpoint.commit = snapshot.commit
      return checkpoint
    } catch {
      guard error.kind == .inputMissing || error.kind == .indexMissingShard else { throw error }
      // Only a part of the repository was downloaded.
      var error = error
      error.advice = HubCache.advice(reference)
      throw error
    }
  }
}
