"""Checkpoints as PyTorch and safetensors write them, in all the shapes that state dicts come in."""

import collections
import zipfile

import safetensors.torch
import torch

FLOAT8 = [torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, *FLOAT8]


def random_tensor(generator, shape, dtype):
    return (torch.randn(shape, generator=generator, dtype=torch.float64) * 0.02).to(dtype)


def state_dict(seed):
    """Every averaged type, types that are copied, and layouts that are not plain."""
    generator = torch.Generator().manual_seed(seed)
    tensors = collections.OrderedDict()
    for dtype in DTYPES:
        name = str(dtype).removeprefix("torch.")
        tensors[f"layers.0.{name}.weight"] = random_tensor(generator, (33, 61), dtype)
        tensors[f"layers.0.{name}.bias"] = random_tensor(generator, (61,), dtype)
    tensors["scalar"] = random_tensor(generator, (), torch.float32)
    tensors["empty"] = torch.zeros((0, 7))
    tensors["zeros"] = torch.zeros(9)
    tensors["negative zeros"] = -torch.zeros(9)
    tensors["größe.\U0001f9ea.weight"] = random_tensor(generator, (5, 3), torch.bfloat16)
    # One name in two normal forms is two names.
    tensors["caf\u00e9"] = random_tensor(generator, (4,), torch.float32)
    tensors["cafe\u0301"] = random_tensor(generator, (4,), torch.float32)
    tensors["extremes"] = torch.tensor([65504.0, -65504.0, 6e-8, 5.9e-8, 0.0], dtype=torch.float16)
    tensors["large"] = torch.tensor([3.3e38, -3.3e38, 1e-45, 1.17e-38], dtype=torch.float32)
    tensors["embed_tokens.weight"] = random_tensor(generator, (17, 8), torch.float32)
    # The same in every model: copied.
    tensors["num_batches_tracked"] = torch.tensor(12345)
    tensors["mask"] = torch.tensor([True, False, True])
    tensors["ids"] = torch.arange(1000, dtype=torch.int32)
    tensors["bytes"] = torch.arange(256).to(torch.uint8)
    tensors["scales"] = torch.tensor([0.5, 1, 2]).to(torch.float8_e8m0fnu)
    tensors["complex"] = torch.tensor([1 + 2j, 3 - 4j], dtype=torch.complex64)
    return tensors


def views(tensors):
    """The same values, in memory any other way."""
    result = collections.OrderedDict()
    shared = torch.cat([tensor.reshape(-1) for tensor in tensors.values() if tensor.dtype is torch.float32])
    offset = 0
    for index, (name, tensor) in enumerate(tensors.items()):
        if tensor.dtype is torch.float32:
            result[name] = shared[offset : offset + tensor.numel()].view(tensor.shape)
            offset += tensor.numel()
        elif tensor.dim() == 2 and index % 2 == 0:
            result[name] = tensor.t().contiguous().t()
        elif tensor.dim() == 1 and tensor.numel() > 1 and index % 2 == 1:
            wide = torch.zeros(2 * tensor.numel(), dtype=tensor.dtype)
            wide[::2] = tensor
            result[name] = wide[::2]
        elif tensor.is_floating_point() and tensor.element_size() > 1:
            result[name] = torch.nn.Parameter(tensor)
        else:
            result[name] = tensor
    return result


def every_number():
    """All numbers of 16 bits, and those around them and halfway between them."""
    patterns = torch.arange(1 << 16).to(torch.uint16)
    numbers = torch.cat([patterns.view(dtype).float() for dtype in (torch.float16, torch.bfloat16)])
    bits = numbers.view(torch.int32)
    return torch.cat([(bits + offset).view(torch.float32) for offset in (-1, 0, 1, 0x800, 0x8000)])


def constant(value):
    """A tensor that repeats one element by a stride of 0."""
    return {"expanded": torch.tensor(float(value)).expand(40, 50)}


class LanguageModel(torch.nn.Module):
    """Embeddings, layers, and a head that is the embedding."""

    def __init__(self, rows=17):
        super().__init__()
        self.embed_tokens = torch.nn.Embedding(rows, 8)
        self.layers = torch.nn.ModuleList(torch.nn.Linear(8, 8) for _ in range(3))
        self.lm_head = torch.nn.Linear(8, rows, bias=False)
        self.norm = torch.nn.LayerNorm(8)
        self.lm_head.weight = self.embed_tokens.weight


def save_bin(path, tensors):
    torch.save(tensors, path)


def save_views(path, tensors):
    torch.save(views(tensors), path)


def save_nested(path, tensors):
    torch.save({"epoch": 3, "state_dict": tensors, "optimizer": {"lr": 1e-3}}, path)


def save_protocol_4(path, tensors):
    torch.save(tensors, path, pickle_protocol=4)


def save_deflated(path, tensors):
    """As it comes out of `unzip` and `zip -r`."""
    plain = path.with_suffix(".plain")
    torch.save(tensors, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.infolist():
            name = "other/" + member.filename.split("/", 1)[1]
            target.writestr(name, source.read(member), zipfile.ZIP_DEFLATED)
    plain.unlink()


def save_safetensors(path, tensors):
    plain = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    safetensors.torch.save_file(plain, path, metadata={"format": "pt", "note": "kept"})


WRITERS = {
    "bin": (save_bin, "bin"),
    "views": (save_views, "pt"),
    "nested": (save_nested, "ckpt"),
    "protocol_4": (save_protocol_4, "pth"),
    "deflated": (save_deflated, "bin"),
    "safetensors": (save_safetensors, "safetensors"),
}
