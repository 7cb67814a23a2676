"""The files that are merged, made when they are needed."""

import math
import os
import random
import shutil
import struct
import subprocess
import sys

from .safetensors import WIDTHS, write_header
from .settings import FOLDER, KEEP, ROOT

MAKER = ROOT / "Scripts/make_checkpoints.py"
sys.path.insert(0, str(MAKER.parent))
from make_checkpoints import shapes, upper_bytes  # noqa: E402

BLOCK = 1 << 24
# What this run has made, and whether only one group needs it.
_made = {}


def _finish(folder, for_group=False):
    (folder / "done").touch()
    # What is in the way of the disk now would be measured later.
    os.sync()
    _made[folder] = for_group


def _is_new(folder):
    if (folder / "done").exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    print(f"making {folder}", flush=True)
    return True


def llama(size, count):
    """Fine-tuned models of a base, in bfloat16; returns base and models."""
    folder = FOLDER / f"{size}-{count}"
    if _is_new(folder):
        command = [sys.executable, MAKER, folder, "--size", size, "--count", str(count)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        _finish(folder)
    models = [folder / f"model-{index + 1}.safetensors" for index in range(count)]
    return folder / "base.safetensors", models


def _f16_table():
    """The upper bytes of float16 numbers of a normal distribution of sigma 0.02."""
    table = bytearray()
    for upper in upper_bytes(0.02):
        # The lower half of a bfloat16's exponent and its fraction are lost: a value in the middle.
        (number,) = struct.unpack(">f", bytes((upper, 0x40, 0, 0)))
        table.append(struct.pack(">e", number)[0])
    return bytes(table)


# What random bytes are replaced by, in the byte of an element that has its sign: finite numbers.
TABLES = {
    "BF16": upper_bytes(0.02),
    "F32": upper_bytes(0.02),
    "F16": _f16_table(),
    "F8_E4M3": bytes(byte & 0xBF for byte in range(256)),
}


def _write_random(file, dtype, count, seed):
    width, generator = WIDTHS[dtype], random.Random(seed)
    left = count * width
    while left:
        block = bytearray(generator.randbytes(min(left, BLOCK)))
        block[width - 1 :: width] = block[width - 1 :: width].translate(TABLES[dtype])
        file.write(block)
        left -= len(block)


def random_models(name, dtypes, layout, padding=0):
    """One model of independent random numbers for each type; layout has names and shapes."""
    folder = FOLDER / name
    models = [folder / f"model-{index + 1}.safetensors" for index in range(len(dtypes))]
    if _is_new(folder):
        for path, dtype in zip(models, dtypes):
            with open(path, "wb") as file:
                write_header(file, [(tensor, dtype, shape) for tensor, shape in layout], padding)
                _write_random(file, dtype, sum(math.prod(shape) for _, shape in layout), path.name)
        _finish(folder, for_group=True)
    return models


def repeated(size, count):
    """Models of a size that takes long to make: one random block, again and again."""
    folder = FOLDER / f"{size}-{count}"
    models = [folder / f"model-{index + 1}.safetensors" for index in range(count)]
    if _is_new(folder):
        layout = sorted(shapes(size))
        needed = (count + 1) * 2 * sum(math.prod(shape) for _, shape in layout)
        free = shutil.disk_usage(folder).free
        if free < 1.05 * needed:
            raise SystemExit(f"{folder} needs {needed / 1e9:.0f} GB, and {free / 1e9:.0f} are free")
        for path in models:
            block = bytearray(random.Random(path.name).randbytes(4 * BLOCK))
            block[1::2] = block[1::2].translate(TABLES["BF16"])
            with open(path, "wb") as file:
                write_header(file, [(name, "BF16", shape) for name, shape in layout])
                left = 2 * sum(math.prod(shape) for _, shape in layout)
                while left:
                    left -= file.write(memoryview(block)[:left])
        _finish(folder)
    return models


def remove_made(after_group=False):
    """Removes what this run has made, and nothing that was there before."""
    for folder, for_group in list(_made.items()):
        if not KEEP and (for_group or not after_group):
            shutil.rmtree(folder, ignore_errors=True)
            del _made[folder]
