/// What a folder tells about a model beside its weights, held against the other models of a merge.
enum FolderChecks {
  /// Refuses adapters that do not fit together; returns warnings about models that may not.
  static func warnings(
    models: [LoadedModel], base: LoadedModel?, mergesEmbeddings: Bool
  ) throws(GPUMergeError) -> [String] {
    // The first model is the one that the others are held against in messages, unless there is a base.
    let all = (base.map { [$0] } ?? []) + models
    return try AdapterChecks.warnings(all) + ConfigurationChecks.warnings(all)
      + (mergesEmbeddings ? TokenizerChecks.warnings(all) : [])
  }
}
