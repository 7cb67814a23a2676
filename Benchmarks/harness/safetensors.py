"""Reads elements of safetensors files, or of folders of them."""

import dataclasses
import json
import math
import pathlib
import struct

WIDTHS = {"BF16": 2, "F16": 2, "F32": 4, "F8_E4M3": 1}


@dataclasses.dataclass(frozen=True)
class Tensor:
    path: pathlib.Path
    offset: int
    dtype: str
    count: int

    def read(self, start, count):
        """The bytes of some elements."""
        width = WIDTHS[self.dtype]
        with open(self.path, "rb") as file:
            file.seek(self.offset + start * width)
            return file.read(count * width)


def write_header(file, tensors, padding=0):
    """Writes the header for (name, dtype, shape) in this order, longer by some spaces."""
    header, offset = {}, 0
    for name, dtype, shape in tensors:
        end = offset + math.prod(shape) * WIDTHS[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8 + padding)
    file.write(struct.pack("<Q", len(text)) + text)


def tensors_of(path):
    """The tensors of a file, or of all files in a folder, by name."""
    if path.is_dir():
        files = sorted(path.glob("*.safetensors"))
        return {name: tensor for file in files for name, tensor in tensors_of(file).items()}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return {
        name: Tensor(
            path, 8 + length + entry["data_offsets"][0], entry["dtype"], math.prod(entry["shape"])
        )
        for name, entry in header.items()
        if name != "__metadata__"
    }
