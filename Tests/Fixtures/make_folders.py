"""Writes the fixtures of models that are folders, with the tools that users write them with.

Run by hand; the small output is committed:

    pip install huggingface_hub==2.4.0 safetensors==0.8.0 torch==2.15.0
    python Tests/Fixtures/make_folders.py

Each folder below `folders/` is a model. `NAME.tsv` beside it is the oracle: one line for each tensor in
the order of the shards and of the data in each, with name, dtype, shape and bytes as the library that
wrote it reads them.
"""

import json
import pathlib
import shutil

import torch
from huggingface_hub import save_torch_state_dict
from safetensors import safe_open
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parent / "folders"


def state_dict(scale=1, dtype=torch.float32):
    def values(*shape):
        return (torch.arange(torch.Size(shape).numel()) * scale).reshape(shape).to(dtype)

    return {
        "model.embed_tokens.weight": values(8, 4),
        "model.layers.0.mlp.weight": values(4, 4) - 3,
        "model.layers.0.norm.weight": values(4),
        "model.layers.1.mlp.weight": values(4, 4) + 5,
        "model.norm.weight": values(4) * 2,
        "lm_head.weight": values(8, 4) - 7,
    }


def config(**changes):
    values = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4,
        "num_hidden_layers": 2, "vocab_size": 8, "torch_dtype": "float32",
    }
    return json.dumps(values | changes, indent=2, sort_keys=True) + "\n"


def lines(folder):
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.offset_keys():
                yield name, file.get_tensor(name)
    for path in sorted(folder.glob("*.bin")):
        yield from torch.load(path, weights_only=True).items()


def write_oracle(folder):
    with open(f"{folder}.tsv", "w") as file:
        for name, tensor in lines(folder):
            data = tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes().hex()
            dtype = str(tensor.dtype).removeprefix("torch.")
            print(name, dtype, list(tensor.shape), data, sep="\t", file=file)


def folder(name, files={"config.json": config()}):
    path = FOLDER / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    for file, text in files.items():
        (path / file).write_text(text)
    return path


def lora(scale):
    return {
        f"base_model.model.layers.0.q_proj.lora_{part}.weight":
            (torch.arange(8.0) * scale + offset).reshape(shape)
        for part, shape, offset in [("A", (2, 4), 1), ("B", (4, 2), 2)]
    }


def adapter_config():
    """As peft 0.21 writes it, without what says nothing about a LoRA."""
    values = {
        "alpha_pattern": {}, "auto_mapping": None, "base_model_name_or_path": "org/base", "bias": "none",
        "fan_in_fan_out": False, "inference_mode": True, "init_lora_weights": True, "lora_alpha": 4,
        "lora_dropout": 0.0, "modules_to_save": None, "peft_type": "LORA", "r": 2, "rank_pattern": {},
        "revision": None, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM",
        "use_dora": False, "use_rslora": False,
    }
    return json.dumps(values, indent=2)


def main():
    save_torch_state_dict(state_dict(), folder("single"), max_shard_size="1GB")
    save_torch_state_dict(state_dict(), folder("sharded"), max_shard_size=200)
    save_torch_state_dict(
        state_dict(), folder("sharded_bin"), max_shard_size=200, safe_serialization=False)
    save_torch_state_dict(
        state_dict(dtype=torch.float16), folder("variant"), max_shard_size=100,
        filename_pattern="model.fp16{suffix}.safetensors")
    # The library gives the index of a variant another name than transformers reads.
    path = FOLDER / "variant"
    [index] = path.glob("*.index.json")
    index.rename(path / "model.safetensors.index.fp16.json")
    path = folder("adapter", {"adapter_config.json": adapter_config()})
    save_file(lora(1), path / "adapter_model.safetensors", {"format": "pt"})
    for path in FOLDER.iterdir():
        if path.is_dir():
            write_oracle(path)


if __name__ == "__main__":
    main()
