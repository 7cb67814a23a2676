/// Which tensors of a state dict are the weight matrices of linear layers.
///
/// A state dict does not say which module a tensor belongs to, so the rule goes by shape and name: a
/// linear weight has two dimensions, is called `weight`, and the module that owns it is not named
/// like an embedding table. GPT-2's Conv1D layers, which are linear layers stored transposed, count;
/// so does an output head (`lm_head.weight`), unless it is tied to the embedding and therefore
/// absent. Biases, norms, convolutions and embeddings do not count.
public enum LinearLayerRule {
  /// Whether the tensor is the weight matrix of a linear layer.
  public static func isLinearWeight(_ tensor: TensorDescription) -> Bool {
    guard tensor.shape.count == 2 else { return false }
    let components = tensor.name.description.split(separator: ".")
    guard components.last == "weight" else { return false }
    return components.dropLast().last.map { !isEmbedding($0.lowercased()) } ?? true
  }

  /// Whether a module of this name is an embedding table: `embed_tokens` (Llama, T5, Whisper),
  /// `word_embeddings` (BERT), `token_embedding` (CLIP), `tok_embeddings` (Meta's Llama),
  /// `embed_in` (GPT-NeoX) and so on.
  ///
  /// GPT-NeoX's `embed_out` and ALBERT's `embedding_hidden_mapping_in` are linear layers.
  private static func isEmbedding(_ module: String) -> Bool {
    if tables.contains(module) { return true }
    guard let lastWord = module.split(separator: "_").last else { return false }
    return ["emb", "embed", "embedding", "embeddings"].contains(lastWord)
  }

  /// Embedding tables whose last word does not say so.
  private static let tables: Set<String> = [
    "wte", "wpe", "shared", "relative_attention_bias", "embed_tokens", "embed_positions",
    "embed_in",
  ]
}
