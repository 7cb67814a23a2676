"""Small random models, saved as transformers saves them; for versions 4 and 5 of it."""

import pathlib

import tokenizers
import torch
import transformers

SIZES = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
WORDS = ["<unk>", "<s>", "</s>", "<pad>", *(f"word{index}" for index in range(60))]


def llama(tied=False):
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=64, num_key_value_heads=2, tie_word_embeddings=tied, pad_token_id=3, **SIZES
        )
    )


def tied_llama():
    return llama(tied=True)


def bert():
    return transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=64, **SIZES))


def gpt2():
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64)
    )


def t5():
    return transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            vocab_size=64, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
            decoder_start_token_id=3, pad_token_id=3,
        )
    )


def vit():
    return transformers.ViTForImageClassification(
        transformers.ViTConfig(image_size=32, patch_size=8, num_labels=5, **SIZES)
    )


def whisper():
    return transformers.WhisperForConditionalGeneration(
        transformers.WhisperConfig(
            vocab_size=64, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
            decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, num_mel_bins=16,
            max_source_positions=20, max_target_positions=20, decoder_start_token_id=3,
            pad_token_id=3, bos_token_id=1, eos_token_id=2, suppress_tokens=None,
            begin_suppress_tokens=None,
        )
    )


def resnet():
    return transformers.ResNetForImageClassification(
        transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], layer_type="basic", num_labels=5
        )
    )


def clip():
    part = dict(SIZES, num_hidden_layers=1)
    return transformers.CLIPModel(
        transformers.CLIPConfig(
            text_config=dict(part, vocab_size=64, max_position_embeddings=20),
            vision_config=dict(part, image_size=32, patch_size=8), projection_dim=16,
        )
    )


IDS = torch.tensor([[1, 5, 9, 2]])
IMAGE = torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32)
SOUND = torch.linspace(-1, 1, 16 * 40).reshape(1, 16, 40)

# The model, the class that a user would load it with, and what it is called with.
ARCHITECTURES = {
    "llama": (llama, transformers.AutoModelForCausalLM, dict(input_ids=IDS)),
    "tied_llama": (tied_llama, transformers.AutoModelForCausalLM, dict(input_ids=IDS)),
    "bert": (bert, transformers.AutoModelForMaskedLM, dict(input_ids=IDS)),
    "gpt2": (gpt2, transformers.AutoModelForCausalLM, dict(input_ids=IDS)),
    "t5": (t5, transformers.AutoModelForSeq2SeqLM, dict(input_ids=IDS, decoder_input_ids=IDS)),
    "vit": (vit, transformers.AutoModelForImageClassification, dict(pixel_values=IMAGE)),
    "whisper": (
        whisper, transformers.AutoModelForSpeechSeq2Seq,
        dict(input_features=SOUND, decoder_input_ids=IDS),
    ),
    "resnet": (resnet, transformers.AutoModelForImageClassification, dict(pixel_values=IMAGE)),
    "clip": (clip, transformers.AutoModel, dict(input_ids=IDS, pixel_values=IMAGE)),
}


def randomized(model, seed):
    """The model with random weights everywhere, also where fresh models have 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    state = model.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=generator) * 0.05
            tensor.copy_(noise.abs() + 0.5 if name.endswith("running_var") else noise)
        elif name.endswith("num_batches_tracked"):
            tensor.fill_(100)
    return model.eval()


def tokenizer():
    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: index for index, word in enumerate(WORDS)}, "<unk>")
    )
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    result = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", bos_token="<s>", eos_token="</s>",
        pad_token="<pad>",
    )
    result.chat_template = {"default": "{{ messages }}", "tool_use": "{{ tools }}"}
    return result


def save(model, folder, **options):
    """A folder as `save_pretrained` of transformers 5 leaves it."""
    model.save_pretrained(folder, **options)
    tokenizer().save_pretrained(folder)


def save_bin(model, folder):
    """A folder as transformers 4 left it: all names of tied tensors, in PyTorch's format."""
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), pathlib.Path(folder) / "pytorch_model.bin")
