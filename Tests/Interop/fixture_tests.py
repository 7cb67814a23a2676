"""Whatever gpumerge accepts, it reads as torch and safetensors do, byte for byte.

One model alone comes out as it went in, so that its tensors can be compared. The files are those that
the Swift tests read, and damaged copies of them.
"""

import os
import pathlib
import random
import subprocess
import tempfile
import unittest
import warnings

import safetensors.torch
import torch

PROGRAM = os.environ["GPUMERGE"]
FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "Fixtures"
# Where the tensors are, in files that leave it open.
ROOTS = {"nested_twice.pt": "outer.inner.dict", "esrgan.pt": "params_ema"}
# What torch 2.15 reads otherwise than it was saved: it swaps the bytes of big-endian files only for types
# that have a storage class.
UNSWAPPED = ("uint16", "uint32", "uint64", "complex32")
# How many damaged copies of each file are tried.
COPIES = 16


def flatten(value, result=None):
    """All dictionaries in what torch.load gave, by the names of their tensors."""
    result = [] if result is None else result
    if isinstance(value, torch.nn.Module):
        value = value.state_dict()
    if isinstance(value, dict):
        tensors = {k: v for k, v in value.items() if isinstance(v, torch.Tensor)}
        if tensors:
            result.append(tensors)
        for part in value.values():
            flatten(part, result)
    return result


def contents(tensors):
    """Types, shapes and bytes, to compare."""
    return {
        name: (
            tensor.dtype, tuple(tensor.shape),
            bytes(tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
                  .view(torch.uint8).tolist()) if tensor.numel() else b"",
        )
        for name, tensor in tensors.items()
    }


def oracle(path):
    """What was saved, as the fixture's script wrote it down: name, type, shape and bytes."""
    tensors = {}
    for line in path.with_suffix(".tsv").read_text().splitlines():
        name, dtype, shape, data = line.split("\t")
        shape = tuple(int(size) for size in shape.split(",") if size)
        if dtype == "float4_e2m1fn_x2":  # The script counts values, of which torch has two a byte.
            shape = (*shape[:-1], shape[-1] // 2)
        name = bytes.fromhex(name).decode()
        tensors[name] = (getattr(torch, dtype), shape, bytes.fromhex(data))
    return tensors


def loaded(path):
    """What torch or safetensors reads in a file: the dictionaries that could be the model."""
    if path.suffix == ".safetensors":
        return [contents(safetensors.torch.load_file(path))]
    found = flatten(torch.load(path, map_location="cpu", weights_only=True))
    return [contents(tensors) for tensors in found] or [{}]


def is_loaded(path):
    """Whether torch or safetensors can read a file at all."""
    try:
        loaded(path)
    except Exception:
        return False
    return True


def damaged(original, generator):
    """A copy with one or two other bytes."""
    data = bytearray(original)
    for _ in range(generator.choice((1, 1, 2))):
        byte = generator.choice((0, 1, 0x7F, 0xFF, generator.randrange(256)))
        data[generator.randrange(len(data))] = byte
    return data


def difference(mine, theirs):
    """What is not the same, in a line."""
    names = [name for name in mine if name in theirs and mine[name] != theirs[name]]
    parts = [f"{name}: {mine[name]} and {theirs[name]}"[:500] for name in names[:1]]
    return f"mine alone {set(mine) - set(theirs)}, theirs alone {set(theirs) - set(mine)}, {parts}"


class FixtureTests(unittest.TestCase):
    def assert_read(self, mine, candidates):
        """One of the dictionaries that a file holds is what was read."""
        if mine not in candidates:
            self.fail("; ".join(difference(mine, theirs) for theirs in candidates))

    def setUp(self):
        warnings.simplefilter("ignore")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def read(self, path, *options):
        """What gpumerge reads, or None if it refuses, with one clear error."""
        output = self.folder / "out.bin"
        output.unlink(missing_ok=True)
        result = subprocess.run(
            [PROGRAM, "--device", "cpu", "--quiet", path, "-o", output, *options],
            capture_output=True, check=False,
        )
        if result.returncode != 0:
            error = result.stderr.decode()
            self.assertEqual(result.returncode, 65, f"{path}: {error}")
            self.assertRegex(error, r"^error: [^\n]*\n\Z", path)
            return None
        return contents(torch.load(output, weights_only=True, mmap=False))

    def options(self, path):
        options = ["--allow-opaque"] if "objects" in path.parts else []
        return options + (["--root", ROOTS[path.name]] if path.name in ROOTS else [])

    def fixtures(self):
        for path in sorted(FIXTURES.rglob("*")):
            if path.suffix in (".pt", ".bin", ".safetensors") and "refused" not in path.parts:
                yield path

    def test_every_file_is_read_as_torch_and_safetensors_read_it(self):
        compared = 0
        for path in self.fixtures():
            with self.subTest(path.relative_to(FIXTURES)):
                mine = self.read(path, *self.options(path))
                if path.name == "float6.safetensors":
                    self.assertIsNone(mine, "a type that PyTorch files do not have")
                    continue
                self.assertIsNotNone(mine)
                if path.name == "big_endian.pt":
                    mine = {k: v for k, v in mine.items() if not k.endswith(UNSWAPPED)}
                # torch refuses protocols 3 to 5, objects, and types without a storage class.
                theirs = loaded(path) if is_loaded(path) else [oracle(path)]
                if path.name == "big_endian.pt":
                    theirs = [{k: v for k, v in theirs[0].items() if not k.endswith(UNSWAPPED)}]
                self.assert_read(mine, theirs)
                compared += 1
        self.assertGreater(compared, 55)

    def test_damaged_copies_are_refused_or_read_as_torch_and_safetensors_read_them(self):
        generator = random.Random(1)
        accepted, refused = 0, 0
        for path in self.fixtures():
            original = path.read_bytes()
            if len(original) > 8000 or path.name == "big_endian.pt" or not is_loaded(path):
                continue
            for number in range(COPIES):
                copy = self.folder / f"damaged{path.suffix}"
                copy.write_bytes(damaged(original, generator))
                mine = self.read(copy, *self.options(path))
                if mine is None:
                    refused += 1
                    continue
                accepted += 1
                with self.subTest(path.relative_to(FIXTURES), number=number):
                    self.assert_read(mine, loaded(copy))
        print(f"{accepted} accepted, {refused} refused", end=" ", flush=True)
        self.assertGreater(accepted, 100)
        self.assertGreater(refused, 100)


if __name__ == "__main__":
    unittest.main()
