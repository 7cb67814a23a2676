import GPUMerge

extension ErrorPage {
  static let folders = ErrorSection(
    "Folders",
    """
    A large model is split into files, its *shards*, and an *index*, `model.safetensors.index.json`,
    lists in its `weight_map` which tensor is in which shard.
    """,
    [
      ErrorRow(
        .indexJSON, "The index is damaged or no index.",
        todo: "Download the index again.",
        .folder(HostileFolder.indexes, "index cut"),
        .folder(HostileFolder.indexes, "empty weight_map"),
        .folder(HostileFolder.indexes, "tensor twice")),
      ErrorRow(
        .indexPath, "The index names a file that cannot be a shard, such as one of another folder.",
        todo: "Be wary of the model: no tool writes such an index. Download it from its author.",
        .folder(HostileFolder.paths, "parent"), .folder(HostileFolder.paths, "no extension")),
      ErrorRow(
        .indexMissingShard, "A file of the model is not in its folder.",
        todo: "Download the model again; most tools then fetch only what is missing.",
        .folder(HostileFolder.shards, "shard missing"),
        .folder(HostileFolder.shards, "shard incomplete"),
        .folder(HostileFolder.shards, "shard differs in case")),
      ErrorRow(
        .indexMissingTensor, "Index and shards are not of one model, or of two versions of it.",
        todo: "Download index and shards together.",
        .folder(HostileFolder.shards, "tensor missing"),
        .folder(HostileFolder.shards, "tensor unlisted")),
    ])
}
