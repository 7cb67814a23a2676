public import SystemPackage

extension MergeAlgorithm {
  /// Merges into memory.
  ///
  /// Runs on threads of its own, reads files piece by piece, and stops soon with an error of kind
  /// `cancelled` when the task is cancelled.
  ///
  /// - Throws: ``GPUMergeError``, which tells file and tensor.
  public func run(
    _ pool: ModelPool, options: MergeOptions = MergeOptions()
  ) async throws(GPUMergeError) -> StateDict {
    let merge = try await Threads.run { () throws(GPUMergeError) in
      try Merge(pool, algorithm: self, options: options)
    }
    return try await merge.stateDict().0
  }

  /// Merges into a file, in memory that does not depend on the size of the models.
  ///
  /// The file appears under its name when it is complete and durable. When the merge is interrupted,
  /// what is finished stays beside it in a folder with the ending `.gpumerge-partial`, and the same
  /// merge goes on from there.
  ///
  /// - Parameters:
  ///   - pool: The models.
  ///   - output: The file to write.
  ///   - format: The format; nil for the one the file's name asks for.
  ///   - options: How to merge.
  /// - Returns: What was done.
  /// - Throws: ``GPUMergeError``, which tells file and tensor.
  @discardableResult
  public func run(
    _ pool: ModelPool, writingTo output: FilePath, format: CheckpointFormat? = nil,
    options: MergeOptions = MergeOptions()
  ) async throws(GPUMergeError) -> MergeReport {
    let merge = try await Threads.run { () throws(GPUMergeError) in
      try Merge(pool, algorithm: self, options: options)
    }
    return try await merge.write(
      to: .file(output, format ?? CheckpointFormat(fileExtension: output.extension)))
  }

  /// Merges into a file or into a folder that Hugging Face's libraries load.
  ///
  /// The output appears under its name when it is complete and durable. When the merge is
  /// interrupted, what is finished stays beside it in a folder with the ending `.gpumerge-partial`,
  /// and the same merge goes on from there.
  ///
  /// - Throws: ``GPUMergeError``, which tells file and tensor.
  @discardableResult
  public func run(
    _ pool: ModelPool, writingTo target: OutputTarget, options: MergeOptions = MergeOptions()
  ) async throws(GPUMergeError) -> MergeReport {
    let merge = try await Threads.run { () throws(GPUMergeError) in
      try Merge(pool, algorithm: self, options: options)
    }
    return try await merge.write(to: target)
  }
}

/// The mean of state dicts in memory.
///
/// - Throws: ``GPUMergeError``.
public func simpleAverage(
  _ stateDicts: [StateDict], options: MergeOptions = MergeOptions()
) async throws(GPUMergeError) -> StateDict {
  try await SimpleAverageAlgorithm().run(ModelPool(stateDicts: stateDicts), options: options)
}

/// The mean of checkpoint files, in memory.
///
/// - Throws: ``GPUMergeError``, which tells file and tensor.
public func simpleAverage(
  _ checkpoints: [FilePath], options: MergeOptions = MergeOptions()
) async throws(GPUMergeError) -> StateDict {
  try await SimpleAverageAlgorithm().run(ModelPool(checkpoints: checkpoints), options: options)
}

/// The mean of checkpoint files, written to a file.
///
/// - Throws: ``GPUMergeError``, which tells file and tensor.
@discardableResult
public func simpleAverage(
  _ checkpoints: [FilePath], writingTo output: FilePath, options: MergeOptions = MergeOptions()
) async throws(GPUMergeError) -> MergeReport {
  try await SimpleAverageAlgorithm().run(
    ModelPool(checkpoints: checkpoints), writingTo: output, options: options)
}
