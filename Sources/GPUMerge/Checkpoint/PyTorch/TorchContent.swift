/// What a PyTorch file holds, whichever container it is in.
struct TorchContent {
  let arena: PickleArena
  /// The object that was saved.
  let top: NodeID
  /// Checked against the object.
  let storages: StorageTable
  var isBigEndian = false
  var warnings: [String] = []
}
