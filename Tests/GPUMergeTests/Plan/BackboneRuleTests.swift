import GPUMerge
import Testing

/// Names as the models of transformers, timm, torchvision, openai/whisper and diffusers have them.
@Suite("Which tensors are in the backbone")
struct BackboneRuleTests {
  private static let backbone = [
    // Llama, Mistral, Qwen2 (with biases), Mixtral
    "model.layers.0.self_attn.q_proj.weight", "model.layers.31.mlp.down_proj.weight",
    "model.layers.0.input_layernorm.weight", "model.layers.11.self_attn.k_proj.bias",
    "model.layers.3.block_sparse_moe.experts.7.w1.weight", "layers.0.attention.wq.weight",
    // BERT, with a head and without; ALBERT
    "bert.encoder.layer.0.attention.self.query.weight", "encoder.layer.11.output.LayerNorm.bias",
    "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight",
    // GPT-2, BLOOM, GPT-NeoX
    "transformer.h.0.attn.c_attn.weight", "h.11.mlp.c_proj.bias", "h.0.attn.bias",
    "gpt_neox.layers.5.attention.dense.weight",
    // T5
    "encoder.block.0.layer.0.SelfAttention.q.weight",
    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
    "decoder.block.5.layer.2.DenseReluDense.wo.weight",
    // ViT: transformers, timm, torchvision; CLIP
    "vit.encoder.layer.0.attention.attention.key.weight", "blocks.0.attn.qkv.weight",
    "encoder.layers.encoder_layer_0.self_attention.in_proj_weight",
    "vision_model.encoder.layers.0.mlp.fc1.weight", "visual.transformer.resblocks.0.ln_1.weight",
    // Whisper: transformers, openai
    "model.encoder.layers.0.self_attn.k_proj.weight",
    "model.decoder.layers.3.encoder_attn.v_proj.bias",
    "decoder.blocks.0.cross_attn.query.weight",
    // ResNet: torchvision, transformers
    "layer1.0.conv1.weight", "layer4.2.bn3.running_mean", "layer2.0.downsample.0.weight",
    "resnet.encoder.stages.0.layers.0.layer.0.convolution.weight",
    // Stable Diffusion and Flux
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight",
    "double_blocks.18.img_attn.qkv.weight", "single_transformer_blocks.0.proj_mlp.weight",
  ]

  private static let rest = [
    // Llama, Mistral, Qwen2
    "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight", "tok_embeddings.weight",
    // BERT
    "bert.embeddings.word_embeddings.weight", "bert.embeddings.LayerNorm.weight",
    "bert.pooler.dense.weight", "cls.predictions.transform.dense.weight", "cls.predictions.bias",
    "classifier.weight", "albert.encoder.embedding_hidden_mapping_in.weight",
    // GPT-2
    "transformer.wte.weight", "wpe.weight", "transformer.ln_f.bias",
    // T5
    "shared.weight", "encoder.embed_tokens.weight", "decoder.final_layer_norm.weight",
    // ViT
    "vit.embeddings.cls_token", "vit.embeddings.patch_embeddings.projection.weight",
    "vit.layernorm.weight", "patch_embed.proj.weight", "pos_embed", "head.weight",
    "conv_proj.weight",
    "encoder.ln.weight", "heads.head.weight", "visual.transformer.ln_post.weight",
    // Whisper
    "model.encoder.conv1.weight", "model.decoder.embed_positions.weight",
    "model.encoder.layer_norm.weight", "proj_out.weight", "decoder.token_embedding.weight",
    // ResNet
    "conv1.weight", "bn1.running_var", "fc.weight", "resnet.embedder.embedder.convolution.weight",
    // Heads made of several layers: DETR, LLaVA
    "bbox_embed.layers.0.weight", "mm_projector.layers.0.weight",
    "classification_head.layers.0.bias",
    // No block at all
    "weight", "layers.weight", "layers.0", "h", "h.x.weight", "layers..weight", "",
  ]

  @Test("blocks of well-known models are", arguments: backbone)
  func belongs(name: String) { #expect(BackboneRule.isBackbone(TensorName(name))) }

  @Test("embeddings, final norms and heads are not", arguments: rest)
  func doesNotBelong(name: String) { #expect(!BackboneRule.isBackbone(TensorName(name))) }
}
