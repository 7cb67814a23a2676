"""Writes PyTorch fixtures with more in them than tensors, and files that must be refused.

    pip install torch==2.13.0+cpu --index-url https://download.pytorch.org/whl/cpu
    pip install numpy
    python make_pytorch_objects.py        # into pytorch/objects/ and pytorch/refused/ beside this file

objects/ are checkpoints as training programs write them, with NAME.tsv (see make_pytorch.py) for the
model's tensors. refused/ are files that PyTorch writes and that hold no dense tensors to merge.
"""

import argparse
import collections
import datetime
import enum
import functools
import pathlib
import re
import shutil
import sys
import tempfile
import types
import warnings

import numpy
import torch
import torch.distributed.checkpoint

import make_pytorch as common
from make_pytorch_legacy import numbered_storages

OBJECTS = common.HERE / "objects"
REFUSED = common.HERE / "refused"


def foreign(module, name, base=object, **members):
    """A class of a library that is not here."""
    for part in [".".join(module.split(".")[: n + 1]) for n in range(module.count(".") + 1)]:
        sys.modules.setdefault(part, types.ModuleType(part))
    made = type(name, (base,), members)
    made.__module__ = module
    setattr(sys.modules[module], name, made)
    return made


def save(name, tensors, whole, **options):
    torch.save(whole, OBJECTS / f"{name}.pt", **options)
    common.describe(f"objects/{name}", tensors)


class Precision(enum.Enum):
    HALF = 16


Precision.__module__ = "trainer.settings"
sys.modules["trainer"] = types.ModuleType("trainer")
sys.modules["trainer.settings"] = types.ModuleType("trainer.settings")
sys.modules["trainer.settings"].Precision = Precision


def objects(protocol):
    """One of each way in which Python pickles objects."""
    attributes = foreign("lightning.utilities.parsing", "AttributeDict", dict)
    config = foreign("omegaconf.dictconfig", "DictConfig")
    queue = foreign("trainer.queue", "History", list)
    keywords = foreign(
        "trainer.queue", "Keywords", __getnewargs_ex__=lambda self: ((1,), {"lr": 0.1}),
        __new__=lambda cls, *a, **k: object.__new__(cls),
    )
    inner, outer = config(), config()
    inner.parent, outer.child = outer, inner  # A cycle, as omegaconf has them.
    history = queue([1, 2])
    history.best = torch.ones(2)
    nested = collections.defaultdict(list, {"a": [1], "b": [history]})
    return {
        "hyper_parameters": attributes(lr=1e-3, scale=numpy.float64(2.5), config=outer),
        "paths": [pathlib.PurePosixPath("a/b"), datetime.timedelta(1), re.compile("x+")],
        "activation": functools.partial(torch.nn.functional.gelu, approximate="tanh"),
        "random": numpy.random.RandomState(1).get_state(),
        "precision": {Precision.HALF: 1},
        "sets": [{1, 2}, frozenset([3]), b"bytes", bytearray(b"array"), 1 + 2j],
        "history": nested,
        "keywords": keywords() if protocol >= 4 else None,
        "device": torch.device("cpu"),
        "dtype": torch.float16,
        "size": torch.Size([1, 2]),
    }


def model_and_more():
    state = common.module().state_dict()
    small = {"w": torch.arange(4, dtype=torch.float32), "b": torch.tensor([1, 2])}
    args = argparse.Namespace(lr=1e-4, output_dir=pathlib.PurePosixPath("out"))
    detr = {"model": state, "optimizer": {}, "lr_scheduler": {}, "epoch": 299, "args": args}
    save("detr", state, detr)
    with numbered_storages():
        save("detr_legacy", state, detr, _use_new_zipfile_serialization=False)
    for protocol in (2, 4, 5):
        whole = {"state_dict": small, **objects(protocol)}
        save(f"objects{protocol}", small, whole, pickle_protocol=protocol)
    save("esrgan", {"w": small["w"] * 2}, {"params": small, "params_ema": {"w": small["w"] * 2}})
    save("timm", small, {"epoch": 1, "arch": "resnet18", "state_dict": small,
                         "state_dict_ema": small, "version": 2})
    shapes = [collections.OrderedDict(w=torch.Size([4]))]
    deepspeed = {"module": small, "param_shapes": shapes, "ds_version": "0.14.0",
                 "ds_config": {"zero_optimization": {"stage": 2}}, "buffer_names": [],
                 "frozen_param_shapes": None, "shared_params": {}, "global_steps": 10}
    save("deepspeed_zero2", small, deepspeed)
    placeholders = {key: torch.empty(0) for key in small}
    torch.save({**deepspeed, "module": placeholders}, REFUSED / "deepspeed_zero3.pt")
    partitions = {"single_partition_of_fp32_groups": [torch.ones(6)], "zero_stage": 2}
    torch.save({"optimizer_state_dict": partitions, "ds_config": {}, "ds_version": "0.14.0"},
               REFUSED / "deepspeed_optimizer.pt")
    detr["args"].model = args  # Inside of the tensors this time.
    torch.save({**state, "args": args}, REFUSED / "object_among_tensors.pt")


def not_dense():
    grid = torch.arange(6.0).reshape(2, 3)
    complexes = torch.complex(grid, grid)
    tensors = {
        "conjugate": complexes.conj(),
        "negative": complexes.conj().imag,
        "sparse_coo": grid.to_sparse(),
        "sparse_csr": grid.to_sparse_csr(),
        "quantized": torch.quantize_per_tensor(grid, 0.1, 0, torch.qint8),
        "nested": torch.nested.nested_tensor([grid, grid[:1]]),
        "meta": grid.to("meta"),
    }
    for name, tensor in tensors.items():
        torch.save({"w": tensor}, REFUSED / f"{name}.pt")
    torch.save(common.module(), REFUSED / "whole_model.pt")
    with numbered_storages():
        torch.save(torch.nn.Dropout(), REFUSED / "whole_model_legacy.pt",
                   _use_new_zipfile_serialization=False)


def other_formats():
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), REFUSED / "torchscript.pt")
    numpy.savez(REFUSED / "numpy.npz", w=numpy.arange(4))
    with tempfile.TemporaryDirectory() as folder:
        state = {"w": torch.arange(4.0), "b": torch.ones(2)}
        torch.distributed.checkpoint.save(state, checkpoint_id=folder)
        shutil.copy(f"{folder}/__0_0.distcp", REFUSED / "shard.distcp")


def main():
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    for folder in (OBJECTS, REFUSED):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    model_and_more()
    not_dense()
    other_formats()


if __name__ == "__main__":
    main()
