public import Logging

/// How to run a merge.
///
/// None of this changes the result, but for `dtype` and `selection`.
public struct MergeOptions: Sendable {
  /// The type of all averaged tensors of the output: one with `DType.isAveraged`.
  ///
  /// Without it, each tensor keeps the type it has in the base or first model.
  public var dtype: DType?
  /// Which tensors are merged, and what happens to those that not all models have.
  public var selection = TensorSelection()
  /// The device, or several that share the work; nil for the first GPU, else the CPU.
  public var device: MergeDevice?
  /// The most memory for staging, on host and devices together, in bytes.
  public var memoryByteCount = 512 << 20
  /// The number of blocks in work at a time, at least one for each device, at most 1024; nil for what suits
  /// them.
  public var threadCount: Int?
  /// Whether inputs that the page cache does not hold are read through it, and stay there.
  ///
  /// Takes longer, but makes the next merge of them faster, as far as memory has room for them.
  public var cachesInputs = false
  /// Whether an output that exists is replaced.
  public var overwritesOutput = false
  /// Whether what an interrupted merge has finished is thrown away rather than used.
  public var restarts = false
  /// How often to record what is finished, for a merge that is interrupted to go on from.
  ///
  /// Each record waits for the disk.
  public var recordInterval = Duration.seconds(2)
  /// Whether NaN and infinity in the output are an error rather than a line in the report.
  public var rejectsNonFinite = false
  /// Whether an output folder gets the code (`*.py`) of the base's or first model's folder, which
  /// transformers runs when it is told to trust it.
  public var copiesCode = false
  /// Whether a sample of the output (one block in 64, with the first and the last) is computed again
  /// on the CPU and compared, to find a device or memory that gives wrong numbers without an error.
  ///
  /// A difference ends the merge with an error of kind `deviceFailure`. Takes the memory of one more
  /// block.
  public var verifiesSample = false
  /// Whether the output's files are read back at the end, for their SHA-256 to be in the report.
  public var hashesOutput = false
  /// How the models are opened.
  public var reading = ReadingOptions()
  /// Where warnings go; nowhere by default.
  public var logger = Logger(label: "gpumerge") { _ in SwiftLogNoOpLogHandler() }
  /// Called with the progress, often, from any thread, one call at a time.
  public var progress: (@Sendable (MergeProgress) -> Void)?

  /// The output bytes per block; for tests.
  package var blockByteCount: Int?

  /// Creates the default options.
  public init() {}
}

/// How far a merge is.
public struct MergeProgress: Sendable, Hashable {
  /// The output bytes that are done.
  public var completedByteCount: Int
  /// The output bytes in all.
  public var totalByteCount: Int
}
