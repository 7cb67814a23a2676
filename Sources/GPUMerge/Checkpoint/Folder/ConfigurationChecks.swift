/// Whether the `config.json` of the models describe one architecture.
enum ConfigurationChecks {
  /// What must be equal for an average to make sense, even where all shapes are.
  private static let keys = [
    "architectures", "model_type", "hidden_size", "intermediate_size", "vocab_size",
    "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "hidden_act",
    "activation_function", "n_embd", "n_layer", "n_head", "d_model", "num_layers", "num_heads",
    "rope_theta", "rope_scaling", "rope_parameters", "sliding_window", "rms_norm_eps",
    "layer_norm_eps", "tie_word_embeddings", "num_experts", "num_local_experts",
    "num_experts_per_tok", "image_size", "patch_size", "num_labels", "id2label",
    "quantization_config",
  ]
  /// Where models of several parts have the keys of each part.
  private static let parts = ["text_config", "vision_config", "audio_config", "encoder", "decoder"]

  /// A warning for each model that differs from the first one that has a configuration.
  static func warnings(_ models: [LoadedModel]) -> [String] {
    guard let first = models.first(where: { $0.checkpoint?.config != nil }),
      let reference = first.checkpoint?.config
    else { return [] }
    return models.compactMap { model in
      guard let config = model.checkpoint?.config else { return nil }
      let differences = differences(config, reference)
      guard !differences.isEmpty else { return nil }
      let shown = differences.prefix(10).joined(separator: ", ")
      let rest = differences.count > 10 ? " and \(differences.count - 10) more" : ""
      return "\(escaped(model.label, limit: 4096)): its config.json is not that of "
        + "\(escaped(first.label, limit: 4096)): \(shown)\(rest)"
    }
  }

  private static func differences(_ config: JSONValue, _ reference: JSONValue) -> [String] {
    differences(config, reference, prefix: "")
      + parts.flatMap { part in
        guard let config = config[part], let reference = reference[part] else { return [String]() }
        return differences(config, reference, prefix: "\(part).")
      }
  }

  /// Keys that only one of both has tell nothing: writers leave out what is the default.
  private static func differences(
    _ config: JSONValue, _ reference: JSONValue, prefix: String
  ) -> [String] {
    keys.compactMap { key in
      guard let value = config[key], let expected = reference[key], !value.isSame(as: expected)
      else {
        return nil
      }
      return "\(prefix)\(key) is \(escaped(value.text)) instead of \(escaped(expected.text))"
    }
  }
}
