extension CheckpointFormat {
  /// The layout of an output file of this format.
  ///
  /// `ties` are further names of tensors, by their positions in `tensors`.
  package func layout(
    _ tensors: [OutputTensor], ties: [TiedTensor] = [], metadata: [(key: String, value: String)]
  ) throws(GPUMergeError) -> OutputLayout {
    switch self {
    case .safetensors: try SafetensorsLayout.layout(tensors, ties: ties, metadata: metadata)
    case .pytorch: try PyTorchZipLayout.layout(tensors, ties: ties, metadata: metadata)
    }
  }

  /// The format that a file name asks for: PyTorch for .bin, .pt, .pth and .ckpt, else safetensors.
  public init(fileExtension: String?) {
    self = CheckpointFormat(knownExtension: fileExtension) ?? .safetensors
  }

  /// The format whose files have this extension, or nil if no format's have.
  package init?(knownExtension: String?) {
    switch knownExtension?.lowercased() {
    case "bin", "pt", "pth", "ckpt": self = .pytorch
    case "safetensors": self = .safetensors
    default: return nil
    }
  }
}
