"""Writes the good PyTorch fixtures and what PyTorch itself says is in them.

    pip install torch==2.13.0+cpu --index-url https://download.pytorch.org/whl/cpu
    python make_pytorch.py        # into pytorch/ beside this file; also needs `zip`

For each file NAME.pt there is NAME.tsv: a line per tensor with its name (hex of UTF-8), dtype,
shape and all its bytes (hex, little-endian, C order).
"""

import collections
import pickle
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import torch
from torch.utils.serialization import config

HERE = Path(__file__).parent / "pytorch"
PAIRS = {torch.float4_e2m1fn_x2}


def raw(tensor):
    """The bytes of a tensor in C order, without trusting its dtype to support copying."""
    if tensor.numel() == 0:
        return b""
    integers = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64, 16: torch.complex128}
    as_integers = integers[tensor.element_size()]
    source = torch.empty(0, dtype=as_integers).set_(
        tensor.untyped_storage(), tensor.storage_offset(), tensor.shape, tensor.stride()
    )
    dense = source.clone(memory_format=torch.contiguous_format)
    view = torch.empty(0, dtype=torch.uint8).set_(
        dense.untyped_storage(), 0, (dense.numel() * dense.element_size(),), (1,)
    )
    return bytes(view.tolist())


def describe(name, state):
    lines = []
    for key, tensor in state.items():
        shape = list(tensor.shape)
        if tensor.dtype in PAIRS:
            shape[-1] *= 2
        dtype = str(tensor.dtype).removeprefix("torch.")
        shape = ",".join(map(str, shape))
        lines.append(f"{key.encode().hex()}\t{dtype}\t{shape}\t{raw(tensor.detach()).hex()}\n")
    (HERE / f"{name}.tsv").write_text("".join(lines))


def save(name, state, whole=None, **options):
    torch.save(state if whole is None else whole, HERE / f"{name}.pt", **options)
    describe(name, state)


def numbers(count, dtype):
    """`count` different elements of any dtype, from bytes."""
    size = torch.empty(0, dtype=dtype).element_size()
    data = bytes((7 * i + 1) % (2 if dtype == torch.bool else 256) for i in range(count * size))
    storage = torch.UntypedStorage(count * size)
    torch.empty(0, dtype=torch.uint8).set_(storage, 0, (count * size,), (1,)).copy_(
        torch.tensor(list(data), dtype=torch.uint8)
    )
    return torch.empty(0, dtype=dtype).set_(storage, 0, (count,), (1,))


DTYPES = """bool float4_e2m1fn_x2 uint8 int8 float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz
float8_e5m2fnuz int16 uint16 float16 bfloat16 int32 uint32 float32 complex64 float64 int64 uint64
complex32 complex128""".split()


def every_dtype():
    return {f"t.{name}": numbers(6, getattr(torch, name)).reshape(2, 3) for name in DTYPES}


def layouts():
    grid = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    halves = torch.arange(40, dtype=torch.float16)
    complexes = torch.complex(torch.arange(6.0), -torch.arange(6.0)).reshape(2, 3)
    pairs = numbers(24, torch.float4_e2m1fn_x2).reshape(2, 3, 4)
    return {
        "transposed": grid.permute(2, 0, 1),
        "every_second": halves[1::2],
        "offset": halves[5:11],
        "shared": halves,
        "shared_again": halves,
        "columns": grid[:, 1:, ::3],
        "expanded": torch.tensor([1.5, 2.5]).reshape(2, 1).expand(2, 5),
        "expanded_scalar": torch.tensor(3, dtype=torch.int64).expand(2, 2),
        "windows": torch.arange(10, dtype=torch.int32).as_strided((4, 3), (2, 1), 1),
        "overlapping": torch.arange(10, dtype=torch.uint8).as_strided((3, 4), (1, 2)),
        "complex_transposed": complexes.t(),
        "pairs_permuted": pairs.transpose(0, 1),
        "scalar": torch.tensor(-0.0),
        "empty": torch.empty(0, 3),
        "empty_slice": halves[7:7],
        "one_by_one": grid[1:, 2:, 3:],
    }


def unicode_names():
    names = ["\u00e9", "e\u0301", "层.0.权重", "🙂", "", " leading space", "a/../b", "line\nbreak"]
    return {name: torch.tensor([float(i)]) for i, name in enumerate(names)}


def module():
    torch.manual_seed(7)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Conv1d(2, 2, 1, bias=False)
    )


def with_attributes():
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    parameter.note = "attached"
    tensor = torch.tensor([3.0])
    tensor.note = "attached"
    buffer = torch.nn.Buffer(torch.tensor([4.0, 5.0]))
    return {"parameter": parameter, "tensor": tensor, "buffer": buffer}


def rezip(source, target, **options):
    """Writes the members again as Python's zipfile does, in another order and with folders."""
    with zipfile.ZipFile(HERE / source) as old, zipfile.ZipFile(HERE / target, "w") as new:
        names = old.namelist()
        top = names[0].split("/")[0]
        for folder in (f"{top}/", f"{top}/data/"):
            new.writestr(zipfile.ZipInfo(folder), b"")
        for name in sorted(names, reverse=True):
            info = zipfile.ZipInfo(name, date_time=(2020, 1, 2, 3, 4, 6))
            new.writestr(info, old.read(name), **options)


def zip_recursively(source, target):
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(HERE / source) as old:
            old.extractall(folder)
        subprocess.run(["zip", "-q", "-r", "out.zip", "."], cwd=folder, check=True)
        shutil.move(f"{folder}/out.zip", HERE / target)


def big_endian(name, state):
    """What torch.save writes on a big-endian machine: swapped storages and another byteorder."""
    torch.save(state, HERE / f"{name}.pt")
    widths = {}
    with zipfile.ZipFile(HERE / f"{name}.pt") as old:
        members = {n: old.read(n) for n in old.namelist()}
    for key, tensor in enumerate(state.values()):
        width = tensor.element_size() // (2 if tensor.dtype.is_complex else 1)
        widths[f"/data/{key}"] = width
    with zipfile.ZipFile(HERE / f"{name}.pt", "w") as new:
        for member, data in members.items():
            for suffix, width in widths.items():
                if member.endswith(suffix):
                    parts = [data[i : i + width][::-1] for i in range(0, len(data), width)]
                    data = b"".join(parts)
            if member.endswith("/byteorder"):
                data = b"big"
            new.writestr(zipfile.ZipInfo(member), data)
    describe(name, state)


def main():
    HERE.mkdir(exist_ok=True)
    for file in [*HERE.glob("*.pt"), *HERE.glob("*.tsv")]:
        file.unlink()
    small = {"w": torch.arange(4, dtype=torch.float32), "b": torch.tensor([1, 2])}
    save("every_dtype", every_dtype())
    save("layouts", layouts())
    save("unicode_names", unicode_names())
    save("small", small)
    save("protocol4", layouts(), pickle_protocol=4)
    state = module().state_dict()
    save("module", state)
    save("parameters", dict(module().named_parameters()))
    save("attributes", with_attributes())
    lightning = {"epoch": 3, "global_step": 12, "pytorch-lightning_version": "2.5.0",
                 "state_dict": state, "loops": {"fit": {"progress": [1, 2.5, None]}},
                 "callbacks": {}, "optimizer_states": [], "lr_schedulers": [],
                 "hparams_name": "kwargs", "hyper_parameters": {"lr": 1e-3, "on": True}}
    save("lightning", state, lightning)
    optimizer = torch.optim.Adam(module().parameters(), lr=0.1)
    save("training", small, {"model": small, "epoch": 2**40, "optimizer": optimizer.state_dict(),
                             "counter": collections.Counter("aab"), "seen": {1, 2}})
    save("nested_twice", small, {"outer": {"inner.dict": small}, "epoch": 1})
    config.save.compute_crc32 = False
    save("no_crc", small)
    config.save.compute_crc32 = True
    config.save.storage_alignment = 4096
    save("aligned_4096", small)
    config.save.storage_alignment = 64
    for name, options in {
        "rezipped_deflated": {"compress_type": zipfile.ZIP_DEFLATED},
        "rezipped_stored": {},
    }.items():
        rezip("layouts.pt", f"{name}.pt", **options)
        describe(name, layouts())
    # Several places to start decompressing from: 12 MiB, which the Swift tests compute themselves.
    torch.save({"w": torch.arange(6 << 20).remainder(1009).to(torch.int16).reshape(2048, 3072).t()},
               HERE / "large.pt")
    rezip("large.pt", "deflated_large.pt", compress_type=zipfile.ZIP_DEFLATED)
    (HERE / "large.pt").unlink()
    zip_recursively("layouts.pt", "zip_recursive.pt")
    describe("zip_recursive", layouts())
    endian = {f"t.{name}": numbers(6, getattr(torch, name)).reshape(2, 3) for name in DTYPES}
    big_endian("big_endian", endian)
    for file in HERE.glob("*.pt"):
        try:
            torch.load(file, weights_only=True)
        except pickle.UnpicklingError as error:
            print(f"torch refuses {file.name}: {str(error).splitlines()[0]}")


if __name__ == "__main__":
    main()
