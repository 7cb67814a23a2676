import GPUMerge
import Yams

/// What mergekit's configurations can say and gpumerge cannot do.
///
/// Whoever has such a configuration spelled nothing wrong, and must hear that the feature is missing.
extension ConfigurationReader {
  /// The error for a key of mergekit's that stands for something gpumerge does not do, if it is one.
  func unsupported(_ entry: Entry) -> GPUMergeError? {
    guard let advice = Self.advice(onKey: entry.key) else { return nil }
    return GPUMergeError(
      .configuration, "gpumerge does not support mergekit's '\(escaped(entry.key))'", advice: advice
    ).located(in: file, line: entry.keyLine)
  }

  /// A weight: one number, while mergekit also takes one that changes from layer to layer.
  func weight(_ entry: Entry) throws(GPUMergeError) -> Double {
    if case .scalar = entry.value { return try number(entry) }
    throw GPUMergeError(
      .configuration,
      "weight must be one number: gpumerge does not support mergekit's weights that differ by layer "
        + "or by filter",
      advice: "Give each model one weight; the keys 'only' and 'keep' say which tensors are merged"
    ).located(in: file, line: line(of: entry.value))
  }

  /// A model's name, while mergekit also takes a mapping.
  func checkModelName(_ entry: Entry) throws(GPUMergeError) {
    guard case .mapping(let mapping) = entry.value else { return }
    let hasAdapter = mapping.contains { $0.key == "lora" }
    throw GPUMergeError(
      .configuration,
      "\(escaped(entry.key)) must be a text: gpumerge does not support mergekit's models "
        + (hasAdapter ? "with a LoRA" : "with options of their own"),
      advice: hasAdapter
        ? "Merge the adapter into its model first, with PEFT's merge_and_unload, and name the result"
        : "Write 'model: path', or 'model: org/name@revision'"
    ).located(in: file, line: line(of: entry.value))
  }

  private static func advice(onKey key: String) -> String? {
    switch key {
    case "slices": "It merges whole models: list them under 'models'"
    case "modules":
      "It merges whole models: list them under 'models', and the tensors to merge under 'only'"
    case "tokenizer", "tokenizer_source":
      "Remove it: an output folder gets the tokenizer of the base or first model. Where "
        + "vocabularies differ, 'backbone_only: true' merges the layers alone"
    case "chat_template":
      "Remove it: an output folder gets the chat template of the base or first model"
    case "density":
      "Remove it, as the method does not use it; what dare_simple_average drops is "
        + "'sparsity_ratio', 1 - density"
    case "gamma", "epsilon", "lambda", "t", "select_topk", "int8_mask", "filter_wise", "scale",
      "nuslerp_row_wise", "nuslerp_flatten", "max_iter", "tol", "eps", "normalize_weights",
      "swapping", "consensus_method", "sparsification_method":
      "Remove it: it is for methods that gpumerge does not have"
    default: nil
    }
  }
}
