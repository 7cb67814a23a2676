@testable import GPUMerge
import SystemPackage

extension Rules {
  /// Lays out a file with the same tensors, reads it, and compares.
  static func checkRoundTrip(of checkpoint: Checkpoint) throws(GPUMergeError) {
    let tensors = checkpoint.tensors.map {
      OutputTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape)
    }
    let layout: OutputLayout
    switch checkpoint.format {
    case .safetensors:
      layout = try SafetensorsLayout.layout(tensors, metadata: checkpoint.metadata)
    case .pytorch:
      // safetensors has types that PyTorch does not have, never the other way round here.
      layout = try PyTorchZipLayout.layout(tensors, metadata: checkpoint.metadata)
    }
    // More than a file system may hold, if only as a hole.
    guard layout.byteCount < 1 << 40 else { return }
    let file = MemoryFile(layout.literals, byteCount: layout.byteCount)
    let again: Checkpoint
    do throws(GPUMergeError) {
      again = try Checkpoint.open(file.path)
    } catch {
      return require(false, "what was written is refused: \(error)")
    }
    compare(again, checkpoint)
    for (tensor, offset) in zip(tensors, layout.tensorOffsets) {
      require(
        offset >= 0 && offset + tensor.byteCount <= layout.byteCount, "\(tensor.name) is not in it")
    }
  }

  private static func compare(_ again: Checkpoint, _ checkpoint: Checkpoint) {
    require(again.format == checkpoint.format, "the format is another")
    require(
      again.metadata.elementsEqual(checkpoint.metadata) {
        $0.key.utf8.elementsEqual($1.key.utf8) && $0.value.utf8.elementsEqual($1.value.utf8)
      }, "the metadata is another")
    require(description(of: again) == description(of: checkpoint), "the tensors are others")
  }

  private static func description(of checkpoint: Checkpoint) -> [TensorName: String] {
    Dictionary(
      checkpoint.tensors.map { ($0.name, "\($0.dtype) \($0.shape)") }, uniquingKeysWith: { $0 + $1 }
    )
  }
}
