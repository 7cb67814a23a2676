"""Writes PyTorch fixtures in the format before 1.6, and what PyTorch itself says is in them.

    pip install torch==2.13.0+cpu --index-url https://download.pytorch.org/whl/cpu
    python make_pytorch_legacy.py        # into pytorch/legacy/ beside this file

PyTorch still writes the format, but not what Python 2 and PyTorch 0.3 wrote in it: those files are put
together here opcode by opcode, as cPickle of Python 2.7 does it. PyTorch reads them all, and each
NAME.tsv (see make_pytorch.py) is what it reads.
"""

import pickle
import shutil
import struct
from contextlib import contextmanager

import torch

import make_pytorch as common

HERE = common.HERE / "legacy"
MAGIC = 0x1950A86A20F9469CFC6C
# The types that have a storage class of their own.
TYPED = {
    getattr(torch, name)
    for name in """bool uint8 int8 int16 float16 bfloat16 int32 float32 complex64 float64 int64
    complex128""".split()
}


@contextmanager
def numbered_storages():
    """Storages are named by their addresses; by the order in which they come, files are the same."""
    numbers = {}
    address = torch._C.StorageBase._cdata
    torch.UntypedStorage._cdata = property(
        lambda storage: numbers.setdefault(address.__get__(storage), 94000000000000 + len(numbers))
    )
    try:
        yield
    finally:
        del torch.UntypedStorage._cdata


def save(name, whole, find=lambda loaded: loaded, loads=True, **options):
    path = HERE / f"{name}.pt"
    with numbered_storages():
        torch.save(whole, path, _use_new_zipfile_serialization=False, **options)
    loaded = torch.load(path, weights_only=False) if loads else whole
    common.describe(f"legacy/{name}", find(loaded))


def layouts():
    return {k: v for k, v in common.layouts().items() if v.dtype in TYPED}


class Python2:
    """Writes pickles of protocol 2 as Python 2.7 does: byte strings, and memos that count from 1."""

    def __init__(self):
        self.bytes = b"\x80\x02"
        self.memo = {}
        self.count = 0

    def put(self, key=None):
        self.count += 1
        if key is not None:
            self.memo[key] = self.count
        wide = self.count > 255
        self.bytes += b"r" + struct.pack("<I", self.count) if wide else b"q" + bytes([self.count])

    def remembered(self, key):
        if key not in self.memo:
            return False
        index = self.memo[key]
        self.bytes += b"j" + struct.pack("<I", index) if index > 255 else b"h" + bytes([index])
        return True

    def string(self, text, key=None):
        """A str; strings with a key are one object in Python, and so are written once."""
        if key is not None and self.remembered(key):
            return
        data = text if isinstance(text, bytes) else text.encode()
        short = len(data) < 256
        self.bytes += b"U" + bytes([len(data)]) if short else b"T" + struct.pack("<i", len(data))
        self.bytes += data
        self.put(key)

    def int(self, value):
        if 0 <= value < 256:
            self.bytes += b"K" + bytes([value])
        elif 0 <= value < 65536:
            self.bytes += b"M" + struct.pack("<H", value)
        elif -(2**31) <= value < 2**31:
            self.bytes += b"J" + struct.pack("<i", value)
        else:
            self.bytes += b"I%d\n" % value  # Even in protocol 2.

    def long(self, value):
        data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True) if value else b""
        self.bytes += b"\x8a" + bytes([len(data)]) + data

    def bool(self, value):
        self.bytes += b"\x88" if value else b"\x89"

    def name(self, module, name):
        if not self.remembered((module, name)):
            self.bytes += f"c{module}\n{name}\n".encode()
            self.put((module, name))

    def tuple(self, *items):
        if len(items) > 3:
            self.bytes += b"("
        for item in items:
            item()
        self.bytes += {0: b")", 1: b"\x85", 2: b"\x86", 3: b"\x87"}.get(len(items), b"t")
        if items:
            self.put()

    def reduce(self, module, name, *arguments):
        self.name(module, name)
        self.tuple(*arguments)
        self.bytes += b"R"
        self.put()

    def ordered_dict(self, *pairs):
        """OrderedDict([[key, value], ...]), each part a function that writes it."""

        def pair(key, value):
            self.bytes += b"]"
            self.put()
            self.bytes += b"("
            key()
            value()
            self.bytes += b"e"

        def entries():
            self.bytes += b"]"
            self.put()
            if len(pairs) == 1:
                pair(*pairs[0])
                self.bytes += b"a"
            elif pairs:
                self.bytes += b"("
                for each in pairs:
                    pair(*each)
                self.bytes += b"e"

        self.reduce("collections", "OrderedDict", entries)

    def dictionary(self, **values):
        self.bytes += b"}"
        self.put()
        self.bytes += b"("
        for key, value in values.items():
            self.string(key)
            value()
        self.bytes += b"u"

    def storage(self, kind, key, count, view=None):
        def part():
            if view is None:
                self.bytes += b"N"
            else:
                self.tuple(
                    lambda: self.string(view[0], view[0]),
                    lambda: self.int(view[1]),
                    lambda: self.int(view[2]),
                )

        self.tuple(
            lambda: self.string("storage", "storage"),
            lambda: self.name("torch", f"{kind}Storage"),
            lambda: self.string(key, key),
            lambda: self.string("cuda:0", "location"),
            lambda: self.int(count),
            part,
        )
        self.bytes += b"Q"

    def tensor(self, storage, offset, size, stride):
        """As PyTorch 0.1 to 0.3 wrote them."""
        self.reduce(
            "torch._utils",
            "_rebuild_tensor",
            lambda: self.storage(*storage),
            lambda: self.long(offset),
            lambda: self.tuple(*[lambda n=n: self.long(n) for n in size]),
            lambda: self.tuple(*[lambda n=n: self.int(n) for n in stride]),
        )

    def done(self):
        return self.bytes + b"."


def keys(*names):
    writer = Python2()
    writer.bytes += b"]"
    writer.put()
    writer.bytes += b"("
    for name in names:
        writer.string(name)
    writer.bytes += b"e"
    return writer.done()


def write(name, writer, storages, long=8):
    """A file around the object; storages are (key, count, data), already sorted by key."""
    system = Python2()
    system.dictionary(
        type_sizes=lambda: system.dictionary(
            int=lambda: system.int(4), short=lambda: system.int(2), long=lambda: system.int(long)
        ),
        little_endian=lambda: system.bool(name != "big_endian_host"),
        protocol_version=lambda: system.int(1001),
    )
    data = pickle.dumps(MAGIC, 2) + pickle.dumps(1001, 2) + system.done() + writer.done()
    data += keys(*[key for key, _, _ in storages])
    for _, count, contents in storages:
        data += struct.pack("<q", count) + contents
    path = HERE / f"{name}.pt"
    path.write_bytes(data)
    common.describe(
        f"legacy/{name}", torch.load(path, map_location="cpu", weights_only=False)
    )


def floats(count):
    return struct.pack(f"<{count}f", *range(count))


def python2():
    """An OrderedDict with names of all lengths, Parameters, and `_metadata`."""
    p = Python2()
    parameter = ("torch.nn.parameter", "Parameter")
    grid = ("Float", "140229", 6)
    p.ordered_dict(
        (lambda: p.string("grid"), lambda: p.tensor(grid, 0, (2, 3), (3, 1))),
        (lambda: p.string("turned"), lambda: p.tensor(grid, 0, (3, 2), (1, 3))),
        (lambda: p.string("é" * 200), lambda: p.tensor(grid, 2, (2,), (2,))),
        (
            lambda: p.string("weight"),
            lambda: p.reduce(
                *parameter, lambda: p.tensor(grid, 3, (3,), (1,)), lambda: p.bool(False)
            ),
        ),
        (lambda: p.string("bias"), lambda: gradient(p, parameter, grid)),
        (
            lambda: p.string("steps"),
            lambda: p.tensor(("Long", "140230", 1), 0, (1,), (1,)),
        ),
    )
    p.bytes += b"}"
    p.put()
    p.string("_metadata")
    p.ordered_dict((lambda: p.string(""), lambda: p.dictionary(version=lambda: p.int(2**40))))
    p.bytes += b"sb"
    write("python2", p, [("140229", 6, floats(6)), ("140230", 1, struct.pack("<q", 2**40))])


def gradient(p, parameter, grid):
    """A Parameter of PyTorch 0.3, which gets (requires_grad, volatile, hooks) afterwards."""
    p.reduce(*parameter, lambda: p.tensor(grid, 1, (2,), (1,)))
    p.tuple(lambda: p.bool(True), lambda: p.bool(False), lambda: p.ordered_dict())
    p.bytes += b"b"


def views():
    """Storages that are parts of others, which PyTorch had until 0.3."""
    p = Python2()
    p.ordered_dict(
        (
            lambda: p.string("part"),
            lambda: p.tensor(("Float", "1", 10, ("2", 3, 5)), 1, (2, 2), (2, 1)),
        ),
        (
            lambda: p.string("part_turned"),
            lambda: p.tensor(("Float", "1", 10, ("2", 3, 5)), 0, (2, 2), (1, 2)),
        ),
        (lambda: p.string("whole"), lambda: p.tensor(("Float", "1", 10), 0, (10,), (1,))),
        (
            lambda: p.string("last"),
            lambda: p.tensor(("Float", "1", 10, ("3", 9, 1)), 0, (1,), (1,)),
        ),
        (
            lambda: p.string("empty"),
            lambda: p.tensor(("Float", "1", 10, ("4", 10, 0)), 0, (0,), (1,)),
        ),
    )
    write("views", p, [("1", 10, floats(10))], long=4)


def big_endian_host():
    """A big-endian machine swaps: the data are little-endian whatever it says about itself."""
    p = Python2()
    p.ordered_dict(
        (lambda: p.string("w"), lambda: p.tensor(("Float", "1", 4), 0, (4,), (1,))),
    )
    write("big_endian_host", p, [("1", 4, floats(4))])


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    state = common.module().state_dict()
    types = common.every_dtype()
    save("every_dtype", {k: v for k, v in types.items() if v.dtype in TYPED})
    # PyTorch 2.13 writes these and cannot read them again, so that what was saved is the oracle.
    save("untyped", {k: v for k, v in types.items() if v.dtype not in TYPED}, loads=False)
    save("layouts", layouts())
    save("unicode_names", common.unicode_names())
    save("module", state)
    save("parameters", dict(common.module().named_parameters()))
    for protocol in (3, 4, 5):
        save(f"protocol{protocol}", layouts(), pickle_protocol=protocol)
    small = {"w": torch.arange(4, dtype=torch.float32), "b": torch.tensor([1, 2])}
    save("small", small)
    optimizer = torch.optim.Adam(common.module().parameters(), lr=0.1)
    save(
        "training",
        {"model": small, "epoch": 2**40, "optimizer": optimizer.state_dict(), "seen": {1, 2}},
        find=lambda loaded: loaded["model"],
    )
    python2()
    views()
    big_endian_host()


if __name__ == "__main__":
    main()
