/// Says why there is no model in a folder, from the names of its files.
struct FolderDiagnosis {
  private let folder: InputFolder
  private let variant: String?
  private let names: [String]

  init(of folder: InputFolder, variant: String?) {
    self.folder = folder
    self.variant = variant
    names = folder.names()
  }

  var error: GPUMergeError {
    if let (problem, advice) = otherVariants ?? shards ?? candidates ?? foreign {
      return GPUMergeError(.notACheckpoint, problem, file: folder.path, advice: advice)
    }
    let unfinished = names.contains { $0.hasSuffix(".incomplete") }
    return GPUMergeError(
      .notACheckpoint,
      names.isEmpty ? "the folder is empty" : "there is no checkpoint in the folder",
      file: folder.path,
      advice: unfinished
        ? "A download in it was not finished; download the model again"
        : "A model's folder has model.safetensors, model.safetensors.index.json, pytorch_model.bin "
          + "or pytorch_model.bin.index.json")
  }

  private typealias Finding = (problem: String, advice: String)

  /// The model is there, but not in the variant that was asked for, or only in variants.
  private var otherVariants: Finding? {
    let files = (WeightsFile.models + WeightsFile.adapters).map { WeightsFile($0) }
    let isPlain = files.contains { names.contains($0.singleName) || names.contains($0.indexName) }
    let variants = Set(names.flatMap { name in files.compactMap { $0.variant(in: name) } }).sorted()
    let list = Self.list(variants)
    if let variant {
      guard isPlain || !variants.isEmpty else { return nil }
      return (
        "there is no variant '\(escaped(variant))' of the model in the folder",
        variants.isEmpty
          ? "The model has no variants: leave --variant away"
          : "There is \(list)\(isPlain ? ", and the model without --variant" : "")"
      )
    }
    guard !variants.isEmpty else { return nil }
    return (
      "the folder has the model only as a variant: \(list)",
      "Choose it with --variant \(escaped(variants[0]))"
    )
  }

  /// There are shards, but no index.
  private var shards: Finding? {
    guard let shard = names.first(where: { $0.contains("-of-") && Self.isCheckpoint($0) }) else {
      return nil
    }
    guard !names.contains(where: { WeightsFile(indexName: $0) != nil }) else { return nil }
    return (
      "there are shards in the folder, such as \(escaped(shard)), but no index that lists them",
      "Download the model's index (*.index.json) into the folder"
    )
  }

  /// There are checkpoints of other names.
  private var candidates: Finding? {
    let indexes = names.filter { WeightsFile(indexName: $0) != nil }
    let candidates =
      indexes + names.filter { Self.isCheckpoint($0) && !$0.contains("-of-") }
    guard !candidates.isEmpty else { return nil }
    return (
      "no file in the folder has the name of a model, such as model.safetensors; there is "
        + Self.list(candidates),
      "Name the file that is meant"
    )
  }

  /// There is something that other programs can convert.
  private var foreign: Finding? {
    if names.contains("zero_to_fp32.py") {
      return (
        "this is a checkpoint of DeepSpeed, whose weights are in parts",
        "Put them together with the script zero_to_fp32.py in the folder"
      )
    }
    if names.contains(where: { $0.hasSuffix(".distcp") }) {
      return (
        "this is a distributed checkpoint of PyTorch",
        "Convert it with python -m torch.distributed.checkpoint.format_utils dcp_to_torch"
      )
    }
    if names.contains("snapshots"), names.contains("blobs") {
      return (
        "this is a repository in the cache of the Hugging Face Hub, not a model's folder",
        "Name it as org/name, or name one of the folders in snapshots"
      )
    }
    if let file = names.first(where: { $0.hasSuffix(".gguf") }) {
      return (
        "the folder has a GGUF file, \(escaped(file)), which GPUMerge does not read",
        "Merge the model it was made from"
      )
    }
    return nil
  }

  private static func isCheckpoint(_ name: String) -> Bool {
    [".safetensors", ".bin", ".pt", ".pth", ".ckpt"].contains { name.hasSuffix($0) }
      && name != "training_args.bin"
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(10).map { escaped($0) }.joined(separator: ", ")
      + (names.count > 10 ? " and \(names.count - 10) more" : "")
  }
}
