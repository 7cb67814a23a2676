#!/usr/bin/env python3
"""Writes fine-tuned Llama-shaped bfloat16 checkpoints, as fast as the disk takes them.

A base model of random weights, and models that differ from it in the lowest bits of each weight, as
fine-tuned models do. Needs nothing but Python: torch's .bin format is written by hand.

    make_checkpoints.py --size small --count 4 --format bin models/
"""

import argparse
import io
import json
import math
import pathlib
import random
import struct
import zipfile

SIZES = {
    # layers, hidden, intermediate, heads, key/value heads, vocabulary
    "tiny": (1, 16, 48, 4, 2, 32),  # 4000 parameters, for simulators
    "small": (8, 768, 2048, 12, 4, 8192),  # 0.13 GB
    "shards": (2, 128, 352, 4, 2, 1500),  # 1.6 MB, for shards of 1 MiB
    "tinyllama": (22, 2048, 5632, 32, 4, 32000),  # 2.2 GB, the shapes of TinyLlama-1.1B
    "llama7b": (32, 4096, 11008, 32, 32, 32000),  # 13.5 GB, the shapes of Llama-7B
}
CHUNK = 1 << 22  # elements


def shapes(size):
    """The names and shapes of a Llama model, in the order of its state dict."""
    layers, hidden, intermediate, heads, kv_heads, vocabulary = SIZES[size]
    kv = hidden // heads * kv_heads
    yield "model.embed_tokens.weight", (vocabulary, hidden)
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        yield prefix + "self_attn.q_proj.weight", (hidden, hidden)
        yield prefix + "self_attn.k_proj.weight", (kv, hidden)
        yield prefix + "self_attn.v_proj.weight", (kv, hidden)
        yield prefix + "self_attn.o_proj.weight", (hidden, hidden)
        yield prefix + "mlp.gate_proj.weight", (intermediate, hidden)
        yield prefix + "mlp.up_proj.weight", (intermediate, hidden)
        yield prefix + "mlp.down_proj.weight", (hidden, intermediate)
        yield prefix + "input_layernorm.weight", (hidden,)
        yield prefix + "post_attention_layernorm.weight", (hidden,)
    yield "model.norm.weight", (hidden,)
    yield "lm_head.weight", (vocabulary, hidden)


def upper_bytes(sigma):
    """256 upper bytes (sign and seven bits of the exponent) of bfloat16, spread as normal values are."""
    table = bytearray()
    for index in range(128):
        # The magnitude below which a fraction (index + 0.5) / 128 of a normal distribution lies.
        low, high = 0.0, 10.0
        for _ in range(40):
            middle = (low + high) / 2
            below = math.erf(middle / math.sqrt(2)) < (index + 0.5) / 128
            low, high = (middle, high) if below else (low, middle)
        (upper,) = struct.pack(">f", low * sigma)[:1]
        table += bytes((upper, upper | 0x80))
    return bytes(table)


TABLES = {"matrix": upper_bytes(0.02), "norm": bytes([0x3F]) * 256}


def weights(name, shape, model):
    """The bytes of a tensor of the base (model 0) or of one that was fine-tuned from it, in chunks."""
    table = TABLES["norm" if len(shape) == 1 else "matrix"]
    base = random.Random(name)
    change = random.Random(f"{name} {model}")
    left = math.prod(shape)
    while left > 0:
        count = min(left, CHUNK)
        chunk = bytearray(base.randbytes(2 * count))
        chunk[1::2] = chunk[1::2].translate(table)
        if model:
            mask = int.from_bytes(b"\x03\x00" * count, "little")
            bits = change.getrandbits(16 * count) & mask
            chunk = (int.from_bytes(chunk, "little") ^ bits).to_bytes(2 * count, "little")
        yield bytes(chunk)
        left -= count


def write_safetensors(file, tensors, model):
    header = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in sorted(tensors):
        end = offset + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    for name, shape in sorted(tensors):
        for chunk in weights(name, shape, model):
            file.write(chunk)


def state_dict_pickle(tensors):
    """What torch.save pickles for an OrderedDict of tensors (protocol 2), each in its own storage."""
    out = io.BytesIO()

    def text(string):
        return b"X" + struct.pack("<I", len(string.encode())) + string.encode()

    def number(value):
        return b"J" + struct.pack("<i", value)

    def numbers(values):
        return b"(" + b"".join(map(number, values)) + b"t"

    ordered_dict = b"ccollections\nOrderedDict\n)R"
    out.write(b"\x80\x02" + ordered_dict + b"(")
    for key, (name, shape) in enumerate(tensors):
        storage = b"(" + text("storage") + b"ctorch\nBFloat16Storage\n" + text(str(key))
        storage += text("cpu") + number(math.prod(shape)) + b"tQ"
        strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
        out.write(text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(0))
        out.write(numbers(shape) + numbers(strides) + b"\x89" + ordered_dict + b"tR")
    out.write(b"u.")
    return out.getvalue()


def write_bin(file, tensors, model):
    def member(name):
        # A fixed date, and data that begins at a multiple of 64, as torch has it.
        info = zipfile.ZipInfo("archive/" + name, date_time=(1980, 1, 1, 0, 0, 0))
        padding = -(file.tell() + 30 + len(info.filename) + 4) % 64
        info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        return info

    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(member("data.pkl"), state_dict_pickle(tensors))
        archive.writestr(member("byteorder"), "little")
        for key, (name, shape) in enumerate(tensors):
            info = member(f"data/{key}")
            info.file_size = 2 * math.prod(shape)
            with archive.open(info, "w") as out:
                for chunk in weights(name, shape, model):
                    out.write(chunk)
        archive.writestr(member("version"), "3\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--count", type=int, default=3, help="fine-tuned models, beside the base")
    parser.add_argument("--format", choices=["bin", "safetensors"], default="safetensors")
    parser.add_argument("--base", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write = write_bin if options.format == "bin" else write_safetensors
    tensors = list(shapes(options.size))
    for model in range(0 if options.base else 1, options.count + 1):
        name = f"model-{model}" if model else "base"
        path = options.folder / f"{name}.{options.format}"
        partial = path.with_name(path.name + ".part")
        with open(partial, "wb") as file:
            write(file, tensors, model)
        partial.rename(path)
        print(f"{path}  {path.stat().st_size / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
