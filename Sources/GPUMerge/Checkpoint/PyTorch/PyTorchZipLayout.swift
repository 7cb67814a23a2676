/// Lays out a PyTorch checkpoint that `torch.load` reads, mapped into memory or not.
///
/// A zip archive of stored members: `archive/data.pkl`, `archive/byteorder`, one storage per tensor
/// under `archive/data/`, and `archive/version` last. All data starts at a multiple of 64 bytes. The
/// sizes are in the local headers, so that no data descriptors are needed. `.format_version` and
/// `.storage_alignment` are left out: they promise the exact layout of PyTorch's own zip writer.
package enum PyTorchZipLayout {
  /// Returns where everything goes.
  ///
  /// The CRC-32 of each tensor's data is still to be filled in, in its local header and in the
  /// directory; an empty tensor's is 0 and needs no filling in.
  ///
  /// The metadata is kept with the state dict, in its attribute `_metadata` under the key
  /// `__gpumerge__`, where PyTorch carries it along and does not look for it. Types that PyTorch
  /// does not have are an error that names the tensor. Tied names are tensors over one storage.
  package static func layout(
    _ tensors: [OutputTensor], ties: [TiedTensor] = [], metadata: [(key: String, value: String)]
  ) throws(GPUMergeError) -> OutputLayout {
    let pickle = try PickleWriter.pickle(tensors, ties: ties, metadata: metadata)
    var writer = ZipLayoutWriter()
    try writer.addMember("archive/data.pkl", contents: pickle)
    try writer.addMember("archive/byteorder", contents: Array("little".utf8))
    for (index, tensor) in tensors.enumerated() {
      try writer.addMember("archive/data/\(index)", tensor: index, byteCount: tensor.byteCount)
    }
    try writer.addMember("archive/version", contents: Array("3\n".utf8))
    return try writer.finish()
  }
}
