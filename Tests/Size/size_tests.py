"""Large things: tensors beyond 4 GiB and 2^31 elements, models of 7 billion parameters, many models.

The inputs are sparse files, which take no room; the outputs take up to 14 GB.
"""

import json
import os
import pathlib
import resource
import struct
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["GPUMERGE"]
FOLDER = os.environ.get("SIZE_FOLDER")
BUDGET = 512 << 20
# What is allowed beyond the budget of staging memory.
REST = 100 << 20


def bfloat16(value):
    return struct.pack("<f", value)[2:]


def sparse_safetensors(path, tensors, values=()):
    """A file of zeros with these tensors (name, dtype, shape), but for values: (offset, bytes)."""
    header, offset = {}, 0
    widths = {"BF16": 2, "F32": 4, "U8": 1}
    for name, dtype, shape in tensors:
        size = widths[dtype]
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        start = file.tell()
        file.truncate(start + offset)
        for position, data in values:
            file.seek(start + position)
            file.write(data)
    return offset


def llama(hidden=4096, intermediate=11008, layers=32, vocabulary=32000):
    """The tensors of Llama 2 7B."""
    yield "model.embed_tokens.weight", "BF16", [vocabulary, hidden]
    for layer in range(layers):
        for name in "qkvo":
            yield f"model.layers.{layer}.self_attn.{name}_proj.weight", "BF16", [hidden, hidden]
        for name in ("gate", "up"):
            yield f"model.layers.{layer}.mlp.{name}_proj.weight", "BF16", [intermediate, hidden]
        yield f"model.layers.{layer}.mlp.down_proj.weight", "BF16", [hidden, intermediate]
        for name in ("input", "post_attention"):
            yield f"model.layers.{layer}.{name}_layernorm.weight", "BF16", [hidden]
    yield "model.norm.weight", "BF16", [hidden]
    yield "lm_head.weight", "BF16", [vocabulary, hidden]


class SizeTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=FOLDER)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def merge(self, *arguments, limits=()):
        command = [*limits, PROGRAM, *map(str, arguments), "--json", "--quiet"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        print(f"{report['seconds']:.1f} s, {report['peak_memory_bytes'] / 1e6:.0f} MB", end=" ",
              flush=True)
        self.assertLess(report["peak_memory_bytes"], BUDGET + REST)
        # The system's word for it, in KiB: the most of any process that ran here.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        self.assertLess(peak, BUDGET + REST)
        return report

    def check(self, path, values, elements):
        """The average of 0 and a value is half of it, and everything else is 0."""
        with open(path, "rb") as file:
            start = 8 + struct.unpack("<Q", file.read(8))[0]
            self.assertEqual(os.fstat(file.fileno()).st_size, start + 2 * elements)
            file.seek(start)
            found, position = {}, 0
            while chunk := file.read(1 << 24):
                if chunk.count(0) != len(chunk):
                    for index in range(0, len(chunk), 2):
                        if chunk[index:index + 2] != b"\0\0":
                            found[position + index] = chunk[index:index + 2]
                position += len(chunk)
        self.assertEqual(found, values)

    def large_tensor(self, device):
        elements = (1 << 31) + 1001
        places = [0, (1 << 31) - 2, 1 << 31, (1 << 32) - 2, 1 << 32, 2 * elements - 2]
        written = [(place, bfloat16(2 + 4 * index)) for index, place in enumerate(places)]
        tensors = [("w", "BF16", [elements])]
        sparse_safetensors(self.folder / "a.safetensors", tensors, written)
        sparse_safetensors(self.folder / "b.safetensors", tensors)
        output = self.folder / "o.safetensors"
        self.merge("--device", device, self.folder / "a.safetensors", self.folder / "b.safetensors",
                   "-o", output)
        expected = {place: bfloat16(1 + 2 * index) for index, place in enumerate(places)}
        self.check(output, expected, elements)

    def test_a_tensor_beyond_4_gib_and_2_to_the_31_elements_on_the_cpu(self):
        self.large_tensor("cpu")

    def test_a_tensor_beyond_4_gib_and_2_to_the_31_elements_on_a_device(self):
        devices = json.loads(subprocess.run([PROGRAM, "devices", "--json"], capture_output=True,
                                            text=True, check=True).stdout)
        if not devices:
            self.skipTest("there is no OpenCL device")
        self.large_tensor("0")

    def test_three_models_of_7_billion_parameters(self):
        tensors = list(llama())
        shards = [tensors[:100], tensors[100:200], tensors[200:]]
        total = 0
        for model in "abc":
            folder = self.folder / model
            folder.mkdir()
            weight_map = {}
            for index, shard in enumerate(shards):
                name = f"model-{index + 1:05}-of-{len(shards):05}.safetensors"
                total += sparse_safetensors(folder / name, shard)
                weight_map.update({tensor[0]: name for tensor in shard})
            index = {"metadata": {"total_size": total}, "weight_map": weight_map}
            (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        report = self.merge("--device", "cpu", *(self.folder / model for model in "abc"),
                            "-o", f"{self.folder}/merged/")
        self.assertEqual(report["parameter_count"], 6_738_415_616)
        sizes = sorted(path.stat().st_size for path in (self.folder / "merged").glob("model-*"))
        self.assertEqual(len(sizes), 3)
        self.assertLess(sizes[-1], 5_000_000_000 + 100_000)

    def test_a_hundred_models_with_few_files_open(self):
        models = []
        for index in range(100):
            folder = self.folder / f"model-{index}"
            folder.mkdir()
            shards = {}
            for shard in range(3):
                name = f"model-{shard + 1:05}-of-00003.safetensors"
                sparse_safetensors(folder / name, [(f"w{shard}", "F32", [50_000])],
                                   [(4 * index, struct.pack("<f", 100))])
                shards[f"w{shard}"] = name
            (folder / "model.safetensors.index.json").write_text(
                json.dumps({"metadata": {}, "weight_map": shards}))
            models.append(folder)
        output = self.folder / "o.safetensors"
        self.merge(*models, "--device", "cpu", "-o", output, limits=["prlimit", "--nofile=256:256"])
        data = output.read_bytes()
        start = 8 + struct.unpack("<Q", data[:8])[0]
        self.assertEqual(struct.unpack("<101f", data[start:start + 404]), (1.0,) * 100 + (0.0,))


if __name__ == "__main__":
    unittest.main()
