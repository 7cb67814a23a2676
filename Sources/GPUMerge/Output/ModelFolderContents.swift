import SystemPackage

/// The names of files that belong to a model in Hugging Face's layout.
package enum ModelFolderContents {
  /// What describes a model beside its weights, to be copied with them.
  package static let companions = [
    configuration, "generation_config.json", "tokenizer.json", "tokenizer.model",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "vocab.txt", "vocab.bpe", "spiece.model", "spm.model", "sentencepiece.model",
    "sentencepiece.bpe.model", "bpe.codes", "dict.txt", "emoji.json", "source.spm", "target.spm",
    "target_vocab.json", "entity_vocab.json", "tiktoken.model", "tekken.json",
    "chat_template.jinja", "chat_template.json", "preprocessor_config.json",
    "processor_config.json", "video_preprocessor_config.json", "normalizer.json",
    adapterConfiguration, "open_clip_config.json",
    // Of sentence-transformers.
    modules, "config_sentence_transformers.json", "sentence_bert_config.json",
    "sentence_roberta_config.json", "sentence_distilbert_config.json",
    "sentence_xlnet_config.json", "sentence_albert_config.json", "router_config.json",
  ]

  package static let configuration = "config.json"
  package static let adapterConfiguration = "adapter_config.json"
  package static let modules = "modules.json"

  /// What a merge writes itself.
  package static let readme = "README.md"
  package static let recipe = "gpumerge.yml"
  package static let index = "model.safetensors.index.json"
  package static let adapterWeights = "adapter_model.safetensors"

  /// The folder of further chat templates.
  private static let templates = "additional_chat_templates"
  /// The classes that sentence-transformers calls a folder by, as in `1_Pooling`.
  private static let moduleClasses: Set<Substring> = [
    "Asym", "BoW", "CLIPModel", "CNN", "Dense", "Dropout", "LSTM", "LayerNorm", "LogitScore",
    "MLMTransformer", "MultiVectorMask", "Normalize", "Pooling", "Router", "SparseAutoEncoder",
    "SparseStaticEmbedding", "SpladePooling", "StaticEmbedding", "TokenPooling", "Transformer",
    "WeightedLayerPooling", "WordEmbeddings", "WordWeights",
  ]
  private static let licenses = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "USE_POLICY"]
  /// How transformers calls the code that comes with a model.
  private static let code = [
    "configuration_", "modeling_", "modular_", "tokenization_", "processing_",
    "image_processing_", "video_processing_", "feature_extraction_",
  ]

  /// Whether a file in the folder is to be copied.
  package static func isCompanion(_ name: String) -> Bool {
    companions.contains(name) || isLicense(name)
  }

  /// Whether this is the name of a folder of companions.
  package static func isKnownFolder(_ name: String) -> Bool {
    if name == templates { return true }
    let parts = name.split(separator: "_", maxSplits: 1)
    return parts.count == 2 && parts[0].utf8.allSatisfy { ("0"..."9").contains(UnicodeScalar($0)) }
      && moduleClasses.contains(parts[1])
  }

  /// Whether a file in a folder of companions is to be copied.
  package static func isCompanion(_ name: String, in folder: String) -> Bool {
    if folder == templates { return name.hasSuffix(".jinja") && isPlain(name) }
    return companions.contains(name) || ["idf.json"].contains(name)
      || (name.hasSuffix("_config.json") && isPlain(name))
  }

  /// Whether a file has weights, of whatever format.
  package static func isWeights(_ name: String) -> Bool {
    [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx", ".gguf"]
      .contains { name.hasSuffix($0) }
  }

  /// Whether a file is code that transformers runs when it is told to trust it.
  package static func isCode(_ name: String) -> Bool { name.hasSuffix(".py") && isPlain(name) }

  /// Whether a folder with this entry may be replaced by a model: it holds weights, what goes with
  /// weights, or what Hugging Face's tools leave.
  package static func isKnown(_ name: String) -> Bool {
    if isCompanion(name) || isKnownFolder(name) { return true }
    if [readme, recipe, index, ".gitattributes"].contains(name) { return true }
    if isCode(name), code.contains(where: name.hasPrefix) { return true }
    let isWeights =
      name.hasPrefix("model") || name.hasPrefix("pytorch_model")
      || name.hasPrefix("adapter_model")
    let suffixes = [".safetensors", ".bin", ".safetensors.index.json", ".bin.index.json"]
    return isWeights && suffixes.contains { name.hasSuffix($0) }
  }

  private static func isLicense(_ name: String) -> Bool {
    licenses.contains { license in
      ["", ".txt", ".md"].contains { name == license + $0 }
    }
  }

  /// Whether a name is of characters that are safe everywhere.
  private static func isPlain(_ name: String) -> Bool {
    name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
  }
}

extension Folder {
  /// The entries, and those of the folders of companions, that are not of a model.
  package var entriesOutsideModel: [String] {
    entries().flatMap { name in
      guard ModelFolderContents.isKnownFolder(name) else {
        return ModelFolderContents.isKnown(name) ? [] : [name]
      }
      return Folder(path.appending(name)).entries().filter {
        !ModelFolderContents.isCompanion($0, in: name)
      }.map { "\(name)/\($0)" }
    }
  }

  /// Removes the files of a model, and then the folder; what is not of a model stays.
  ///
  /// `file` is the name of one that is of the model though it has no name of Hugging Face's.
  package func removeModel(and file: String? = nil) {
    let entries = entries()
    for name in entries where ModelFolderContents.isKnownFolder(name) {
      let folder = Folder(path.appending(name))
      folder.remove(
        files: folder.entries().filter { ModelFolderContents.isCompanion($0, in: name) })
    }
    remove(
      files: entries.filter {
        ModelFolderContents.isKnown($0) || ModelFolderContents.isCode($0) || $0 == file
      })
  }
}
