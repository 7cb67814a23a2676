package import SystemPackage

/// An opened and validated checkpoint: its tensors in the order of the file.
package struct Checkpoint: Sendable {
  /// The path as the user gave it.
  package var path: FilePath
  package var format: CheckpointFormat
  package var tensors: [TensorInfo]
  /// The file's own metadata (`__metadata__` of safetensors), in order.
  package var metadata: [(key: String, value: String)]
  /// Things a person should know, that are no errors (such as CRCs that were never computed).
  package var warnings: [String]
  /// The files it consists of, to tell whether they changed and whether two paths are one file.
  package var files: [InputFile]
  /// The folder it consists of, as it was opened; nil for a single file.
  package var folder: FilePath?
  /// The folder's config.json, if there is one that can be read.
  package var config: JSONValue?
  /// The folder's adapter_config.json, which makes the tensors an adapter's.
  package var adapterConfig: JSONValue?
  /// The commit of the Hugging Face Hub's repository that the folder is a snapshot of.
  package var commit: String?
  /// Checks, after all reading, what could only be checked then: CRCs, and that the file did not change.
  package var verify: @Sendable () throws(GPUMergeError) -> Void

  package init(
    path: FilePath, format: CheckpointFormat, tensors: [TensorInfo],
    metadata: [(key: String, value: String)] = [], warnings: [String] = [], files: [InputFile],
    verify: @escaping @Sendable () throws(GPUMergeError) -> Void
  ) {
    self.path = path
    self.format = format
    self.tensors = tensors
    self.metadata = metadata
    self.warnings = warnings
    self.files = files
    self.verify = verify
  }
}

/// The file formats of checkpoints.
public enum CheckpointFormat: String, Sendable, CaseIterable {
  /// https://github.com/huggingface/safetensors
  case safetensors
  /// What `torch.save` writes.
  case pytorch
}
