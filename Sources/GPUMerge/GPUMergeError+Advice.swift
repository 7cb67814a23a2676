extension GPUMergeError.Kind {
  /// What to do about an error of this kind where nothing better is known.
  ///
  /// Without a default, so that every error says what to do.
  package var advice: String {
    switch self {
    case .truncated, .headerSize, .headerUTF8, .headerJSON, .duplicateKey, .badDType, .badShape,
      .overflow, .offset, .hole, .sizeMismatch, .trailingData:
      Self.getAgain
    case .zipStructure, .zipCRC, .pickleTruncated, .pickleOpcode, .pickleStack, .pickleMemo,
      .pickleGlobal, .persistentID, .storageMissing, .storageSize, .tensorBounds, .tensorStride:
      Self.rewrite
    case .zipDuplicate, .zipPath, .pickleDepth:
      "PyTorch writes no such files: do not use it, and ask its author for another"
    case .layoutUnsupported: "Convert it to an ordinary dense tensor with PyTorch first"
    case .notACheckpoint:
      "Name a checkpoint: a safetensors file, one that torch.save wrote, or a model's folder"
    case .unsupportedFormat: "Convert it to safetensors with the tools it was made with"
    case .indexJSON, .indexPath, .indexMissingShard, .indexMissingTensor:
      "Download the model again, index and shards"
    case .keyMismatch, .shapeMismatch, .dtypeMismatch, .valueMismatch:
      "Merge models of one architecture; --keep PATTERN copies the tensors that differ"
    case .inputChanged: "Wait until whatever writes it has finished, then merge again"
    case .inputMissing: "Check how it is spelled, and in which folder the program runs"
    case .usage: "See 'gpumerge --help' for what can be given"
    case .configuration: "Correct the configuration, which is in mergekit's schema"
    case .deviceUnavailable:
      "Install its OpenCL driver, or merge on the CPU: with --device cpu, without --require-device"
    case .deviceFailure: "Merge on another device, or with --device cpu"
    case .outputExists, .outputBusy: "Choose another name with -o"
    case .resumeMismatch: "Throw it away with --restart, or choose another name with -o"
    case .cannotCreate: "Check the path and its permissions, or choose another name with -o"
    case .io: "Check the disk and the permissions"
    case .cancelled: "Start it again"
    case .internal: "This is a mistake in GPUMerge: please report it, with the command"
    }
  }

  private static let getAgain =
    "Copy or download the file again; if it is refused again, have its author save it anew"

  /// For files that PyTorch may read where GPUMerge is stricter.
  static let rewrite =
    "Copy or download the file again; if it is refused again, write it anew in Python: "
    + "torch.save(torch.load('OLD', weights_only=True), 'NEW')"

  /// What to do about a limit that a program can raise and a person cannot.
  static func raise(_ limit: String) -> String {
    "If this is really a checkpoint, split it into several files; programs can raise Limits.\(limit)"
  }
}
