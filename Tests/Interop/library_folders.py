"""Small random models, saved as PEFT and sentence-transformers save them."""

import pathlib
import shutil

import peft
import sentence_transformers
import sentence_transformers.sentence_transformer.modules as sentence_modules
import torch
import transformers

from model_folders import SIZES, llama, randomized, save


def save_adapter(folder, seed):
    """A LoRA adapter of the llama of seed 0, as PEFT saves it."""
    config = peft.LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM",
        base_model_name_or_path="organization/llama",
    )
    model = peft.get_peft_model(randomized(llama(), 0), config)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.05
    model.save_pretrained(folder)


def save_sentence_transformer(folder, seed):
    """A model of sentence-transformers: a BERT, mean pooling, normalization."""
    plain = pathlib.Path(f"{folder}-plain")
    model = transformers.BertModel(transformers.BertConfig(vocab_size=64, **SIZES))
    save(randomized(model, seed), plain)
    transformer = sentence_modules.Transformer(str(plain))
    pooling = sentence_modules.Pooling(32, pooling_mode="mean")
    sentence_transformers.SentenceTransformer(
        modules=[transformer, pooling, sentence_modules.Normalize()], device="cpu"
    ).save_pretrained(str(folder))
    shutil.rmtree(plain)
