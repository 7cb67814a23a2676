import GPUMerge
import Testing

/// Names and shapes as the models of the transformers library have them.
@Suite("Which tensors are weights of linear layers")
struct LinearLayerRuleTests {
  private static let linear: [(String, [Int])] = [
    // Llama
    ("model.layers.0.self_attn.q_proj.weight", [2048, 2048]),
    ("model.layers.0.mlp.down_proj.weight", [2048, 5632]),
    ("lm_head.weight", [32000, 2048]),
    // BERT
    ("bert.encoder.layer.0.attention.self.query.weight", [768, 768]),
    ("bert.encoder.layer.0.output.dense.weight", [768, 3072]),
    ("bert.pooler.dense.weight", [768, 768]),
    ("cls.predictions.decoder.weight", [30522, 768]),
    // ALBERT
    ("albert.encoder.embedding_hidden_mapping_in.weight", [768, 128]),
    // GPT-2, whose Conv1D layers are transposed linear layers
    ("transformer.h.0.attn.c_attn.weight", [768, 2304]),
    ("transformer.h.0.mlp.c_proj.weight", [3072, 768]),
    // GPT-NeoX
    ("embed_out.weight", [50432, 768]),
    // T5
    ("encoder.block.0.layer.0.SelfAttention.q.weight", [512, 512]),
    ("decoder.block.5.layer.2.DenseReluDense.wo.weight", [512, 2048]),
    // ViT
    ("vit.encoder.layer.0.attention.attention.key.weight", [768, 768]),
    ("classifier.weight", [1000, 768]),
    ("weight", [3, 4]),
  ]

  private static let other: [(String, [Int])] = [
    // Llama
    ("model.embed_tokens.weight", [32000, 2048]),
    ("model.layers.0.input_layernorm.weight", [2048]),
    ("model.norm.weight", [2048]),
    // BERT
    ("bert.embeddings.word_embeddings.weight", [30522, 768]),
    ("bert.embeddings.position_embeddings.weight", [512, 768]),
    ("bert.embeddings.token_type_embeddings.weight", [2, 768]),
    ("bert.embeddings.LayerNorm.weight", [768]),
    ("bert.embeddings.position_ids", [1, 512]),
    ("bert.encoder.layer.0.attention.self.query.bias", [768]),
    // GPT-2
    ("transformer.wte.weight", [50257, 768]),
    ("transformer.wpe.weight", [1024, 768]),
    ("transformer.h.0.ln_1.weight", [768]),
    // GPT-NeoX
    ("gpt_neox.embed_in.weight", [50432, 768]),
    // T5
    ("shared.weight", [32128, 512]),
    ("encoder.embed_tokens.weight", [32128, 512]),
    ("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", [32, 8]),
    // ViT
    ("vit.embeddings.patch_embeddings.projection.weight", [768, 3, 16, 16]),
    ("vit.embeddings.cls_token", [1, 1, 768]),
    ("vit.embeddings.position_embeddings", [1, 197, 768]),
    // CLIP, Whisper
    ("text_model.embeddings.token_embedding.weight", [49408, 512]),
    ("model.decoder.embed_positions.weight", [448, 384]),
  ]

  @Test("linear layers count, also transposed ones and output heads", arguments: linear)
  func counts(name: String, shape: [Int]) {
    let tensor = TensorDescription(name: TensorName(name), shape: shape)
    #expect(LinearLayerRule.isLinearWeight(tensor))
  }

  @Test("embeddings, norms, biases and convolutions do not", arguments: other)
  func doesNotCount(name: String, shape: [Int]) {
    let tensor = TensorDescription(name: TensorName(name), shape: shape)
    #expect(!LinearLayerRule.isLinearWeight(tensor))
  }

  @Test("DARE with only_on_linear_weights averages all other tensors whole")
  func dare() async throws {
    var base = StateDict()
    var model = StateDict()
    let name: TensorName = "model.embed_tokens.weight"
    let linear: TensorName = "lm_head.weight"
    for tensor in [name, linear] {
      base[tensor] = try Tensor([Float](repeating: 1, count: 400), shape: [20, 20])
      model[tensor] = try Tensor([Float](repeating: 3, count: 400), shape: [20, 20])
    }
    var options = MergeOptions()
    options.device = .cpu
    let merged = try await DareSimpleAverage(
      sparsityRatio: 0.5, rescale: false, onlyOnLinearWeights: true, seed: 1
    ).run(ModelPool(stateDicts: [model], base: base), options: options)
    #expect(merged[name]?.values(as: Float.self) == [Float](repeating: 3, count: 400))
    let dropped = try #require(merged[linear]?.values(as: Float.self)).filter { $0 == 1 }
    #expect((150...250).contains(dropped.count))
  }
}
