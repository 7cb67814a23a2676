extension Merge {
  /// What goes into an output folder beside the weights.
  func companions(for plan: OutputPlan) throws(GPUMergeError) -> [CompanionFile] {
    var files: [CompanionFile] = []
    if plan.isSharded { files.append(plan.index) }
    return files
  }
}

extension OutputPlan {
  /// The file that tells which shard has which tensor, as transformers writes it.
  fileprivate var index: CompanionFile {
    let members = files.flatMap { file in
      file.plan.members.map { (file.plan.steps[$0].output, file.name) }
    }
    let map = members.sorted { $0.0.name < $1.0.name }
      .map { ($0.0.name.description, JSONValue.string($0.1)) }
    let json = JSONValue.object([
      (
        "metadata",
        .object([
          ("total_parameters", .integer(members.reduce(0) { $0 + $1.0.shape.reduce(1, *) })),
          ("total_size", .integer(members.reduce(0) { $0 + $1.0.byteCount })),
        ])
      ),
      ("weight_map", .object(map)),
    ])
    return CompanionFile(ModelFolderContents.index, Array(json.indentedText.utf8))
  }
}
