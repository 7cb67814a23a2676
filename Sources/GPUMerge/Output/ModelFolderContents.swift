import SystemPackage

/// The names of files that belong to a model in Hugging Face's layout.
package enum ModelFolderContents {
  /// What describes a model beside its weights, to be copied with them.
  package static let companions = [
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer.model",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "chat_template.jinja",
    "chat_template.json", "preprocessor_config.json", "processor_config.json",
    "video_preprocessor_config.json", "normalizer.json", "adapter_config.json",
  ]

  /// What a merge writes itself.
  package static let readme = "README.md"
  package static let recipe = "gpumerge.yml"
  package static let index = "model.safetensors.index.json"

  /// Whether a folder with this entry may be replaced by a model: it holds weights, what goes with
  /// weights, or what Hugging Face's tools leave.
  package static func isKnown(_ name: String) -> Bool {
    if companions.contains(name) || [readme, recipe, index].contains(name) { return true }
    if isKnownFolder(name) || [".gitattributes", "LICENSE", "LICENSE.txt", "NOTICE"].contains(name)
    {
      return true
    }
    let isWeights =
      name.hasPrefix("model") || name.hasPrefix("pytorch_model")
      || name.hasPrefix("adapter_model")
    let suffixes = [".safetensors", ".bin", ".safetensors.index.json", ".bin.index.json"]
    return isWeights && suffixes.contains { name.hasSuffix($0) }
  }

  /// Whether this is the name of a folder of companions.
  package static func isKnownFolder(_ name: String) -> Bool { name == "additional_chat_templates" }
}

extension Folder {
  /// Removes the files of a model, and then the folder; what is not of a model stays.
  ///
  /// `file` is the name of one that is of the model though it has no name of Hugging Face's.
  package func removeModel(and file: String? = nil) {
    let entries = entries()
    for name in entries where ModelFolderContents.isKnownFolder(name) {
      let folder = Folder(path.appending(name))
      folder.remove(files: folder.entries())
    }
    remove(files: entries.filter { ModelFolderContents.isKnown($0) || $0 == file })
  }
}
