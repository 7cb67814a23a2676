"""Real PyTorch and safetensors files through the gpumerge program and back.

The results are compared with exact rational arithmetic, bit for bit wherever the definition has one
right answer.
"""

import hashlib
import itertools
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
from fractions import Fraction

import safetensors
import safetensors.torch
import torch

import checkpoints
import exact

PROGRAM = os.environ["GPUMERGE"]
WEIGHTS = [0.7, 0.45, -0.15]
LINEAR_WEIGHTS = {
    "layers.0.float16.weight",
    "layers.0.bfloat16.weight",
    "layers.0.float32.weight",
    "layers.0.float64.weight",
    "layers.0.float8_e4m3fn.weight",
    "layers.0.float8_e5m2.weight",
    "layers.0.float8_e4m3fnuz.weight",
    "layers.0.float8_e5m2fnuz.weight",
    "größe.\U0001f9ea.weight",
}


def gpumerge(*arguments):
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def raw(tensor):
    """The type, shape and bytes of a tensor, to compare."""
    data = tensor.detach().contiguous().reshape(-1).view(torch.uint8).tolist()
    return tensor.dtype, tensor.shape, data


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class InteropTests(unittest.TestCase):
    """Tests share one folder of checkpoints; nobody changes them."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.models = [checkpoints.state_dict(seed) for seed in (1, 2, 3)]
        cls.base = checkpoints.state_dict(4)
        cls.files = {}
        for kind, (write, extension) in checkpoints.WRITERS.items():
            cls.files[kind] = []
            for index, tensors in enumerate(cls.models):
                path = cls.folder / f"{kind}-{index}.{extension}"
                write(path, tensors)
                cls.files[kind].append(path)
        cls.base_file = cls.folder / "base.safetensors"
        checkpoints.save_safetensors(cls.base_file, cls.base)
        devices = json.loads(gpumerge("devices", "--json").stdout)
        if not devices and os.environ.get("GPUMERGE_REQUIRE_DEVICE") == "1":
            raise RuntimeError("there is no OpenCL device")
        cls.devices = ["cpu", *(str(device["index"]) for device in devices)]

    # Merging and reading back

    def merge(self, models, *options, extension="safetensors"):
        """Merges on every device, checks that all give the same bytes, and returns the output."""
        digests = {}
        for device in self.devices:
            output = self.folder / f"merged-{device}.{extension}"
            result = gpumerge(*models, "--force", "--device", device, "-o", output, *options)
            self.assertEqual(result.returncode, 0, result.stderr)
            digests[device] = digest(output)
        self.assertEqual(len(set(digests.values())), 1, digests)
        return output

    def read(self, path):
        """The tensors, by each way to read the file, which must agree."""
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        read = torch.load(path, weights_only=True, mmap=False)
        mapped = torch.load(path, weights_only=True, mmap=True)
        self.assertEqual(list(read), list(mapped))
        for name, tensor in read.items():
            self.assertEqual(raw(tensor), raw(mapped[name]), name)
        return read

    def check(self, merged, expected, dtype=None):
        """Compares a merged state dict with `expected(name, dtype)`, which gives expectations."""
        reference = self.models[0]
        self.assertEqual(set(merged), set(reference))
        for name, tensor in reference.items():
            with self.subTest(name=name):
                result = merged[name]
                self.assertEqual(result.shape, tensor.shape)
                if tensor.dtype not in exact.FORMATS:
                    self.assertEqual(result.dtype, tensor.dtype)
                    self.assertEqual(raw(result), raw(tensor))
                    continue
                self.assertEqual(result.dtype, dtype or tensor.dtype)
                for index, (encoded, right) in enumerate(
                    zip(exact.bits(result), expected(name, result.dtype), strict=True)
                ):
                    if not right.accepts(encoded):
                        right = f"{right.low:#x}...{right.high:#x}"
                        self.fail(f"element {index} is {encoded:#x}, not in {right}")

    def columns(self, name):
        return [exact.numbers(model[name]) for model in self.models]

    def is_wide(self, name, dtype):
        return torch.float64 in (dtype, self.models[0][name].dtype)

    def average(self, name, dtype):
        return exact.linear(
            self.columns(name), [1, 1, 1], 3, dtype, self.is_wide(name, dtype), exact_terms=True
        )

    # Tests

    def test_every_way_to_save_a_state_dict_gives_the_exact_average(self):
        for kind, files in self.files.items():
            for extension in ("bin", "safetensors"):
                with self.subTest(kind=kind, output=extension):
                    output = self.merge(files, extension=extension)
                    self.check(self.read(output), self.average)

    def test_files_of_different_kinds_can_be_averaged_together(self):
        files = [self.files["views"][0], self.files["safetensors"][1], self.files["nested"][2]]
        self.check(self.read(self.merge(files)), self.average)

    def test_the_order_of_the_models_does_not_matter(self):
        files = self.files["bin"]
        outputs = {
            digest(self.merge(order, extension="bin")) for order in itertools.permutations(files)
        }
        self.assertEqual(len(outputs), 1)

    def test_the_output_can_have_another_type(self):
        for dtype in checkpoints.DTYPES:
            with self.subTest(dtype=dtype):
                name = str(dtype).removeprefix("torch.")
                output = self.merge(self.files["bin"], "--dtype", name, extension="bin")
                self.check(self.read(output), self.average, dtype)

    def test_conversions_to_types_of_8_bits_are_those_of_pytorch(self):
        numbers = checkpoints.every_number()
        path = self.folder / "numbers.safetensors"
        checkpoints.save_safetensors(path, {"w": numbers})
        for dtype in checkpoints.FLOAT8:
            with self.subTest(dtype=dtype):
                output = self.merge([path], "--dtype", str(dtype))
                # PyTorch keeps the sign of NaN.
                converted = numbers.where(~numbers.isnan(), torch.nan).to(dtype)
                self.assertEqual(raw(self.read(output)["w"]), raw(converted))

    def test_weighted_averages(self):
        for normalize in (True, False):
            divisor = sum(map(Fraction, WEIGHTS)) if normalize else 1

            def expected(name, dtype):
                wide = self.is_wide(name, dtype)
                return exact.linear(
                    self.columns(name), WEIGHTS, divisor, dtype, wide, exact_terms=False
                )

            with self.subTest(normalize=normalize):
                option = "--normalize" if normalize else "--no-normalize"
                weights = ",".join(map(str, WEIGHTS))
                output = self.merge(self.files["bin"], "--weights", weights, option)
                self.check(self.read(output), expected)

    def test_dare(self):
        for rate, rescale, only_linear, seed in [
            (0.5, True, False, 0),
            (0.9, True, True, 42),
            (0.3, False, False, 2**64 - 1),
            (0.0, True, False, 7),
            (1.0, False, False, 7),
        ]:

            def expected(name, dtype):
                drops = rate if not only_linear or name in LINEAR_WEIGHTS else 0.0
                columns = self.columns(name)
                base = exact.numbers(self.base[name])
                kept = [
                    exact.kept(len(base), model, drops, seed, name) for model in range(len(columns))
                ]
                divisor = 3 * (1 - Fraction(drops) if rescale else 1)
                return exact.dare(columns, base, kept, divisor, dtype, self.is_wide(name, dtype))

            with self.subTest(rate=rate, rescale=rescale, only_linear=only_linear, seed=seed):
                output = self.merge(
                    self.files["bin"], "--method", "dare_simple_average", "--base", self.base_file,
                    "--sparsity-ratio", rate, "--rescale" if rescale else "--no-rescale",
                    *(["--only-on-linear-weights"] if only_linear else []), "--seed", seed,
                )
                self.check(self.read(output), expected)

    def test_methods_by_name(self):
        """simple_average and weighted_average with equal weights are the same average."""
        files = self.files["safetensors"]
        simple = self.read(self.merge(files, "--method", "simple_average"))
        weighted = self.read(
            self.merge(files, "--method", "weighted_average", "--weights", "1,1,1")
        )
        for name, tensor in simple.items():
            if tensor.dtype in exact.FORMATS:
                self.assertEqual(exact.bits(tensor), exact.bits(weighted[name]), name)

    def test_a_configuration_in_mergekits_schema(self):
        files = self.files["safetensors"]
        lines = ["merge_method: linear", "models:"]
        for path, weight in zip(files, WEIGHTS):
            lines += [f"  - model: {path}", f"    parameters: {{weight: {weight}}}"]
        config = self.folder / "merge.yml"
        config.write_text("\n".join(lines) + "\n")
        by_config = digest(self.merge([], "--config", config))
        weights = ",".join(map(str, WEIGHTS))
        self.assertEqual(by_config, digest(self.merge(files, "--weights", weights)))

    def test_an_expanded_tensor(self):
        files = []
        for value in (1, 2):
            files.append(self.folder / f"expanded-{value}.bin")
            torch.save(checkpoints.constant(value), files[-1])
        merged = self.read(self.merge(files))
        self.assertTrue(torch.equal(merged["expanded"], torch.full((40, 50), 1.5)))

    def test_metadata_is_carried_and_the_recipe_recorded(self):
        output = self.merge(self.files["safetensors"])
        with safetensors.safe_open(output, "pt") as file:
            metadata = file.metadata()
        self.assertEqual(metadata["format"], "pt")
        self.assertEqual(metadata["note"], "kept")
        self.assertEqual(json.loads(metadata["gpumerge"])["method"], "simple_average")

    def test_merged_files_can_be_merged_again(self):
        once = self.merge(self.files["bin"], extension="bin")
        copy = self.folder / "once.bin"
        once.rename(copy)
        again = self.merge([copy, copy], extension="bin")
        first, second = self.read(copy), self.read(again)
        for name, tensor in first.items():
            if tensor.dtype in exact.FORMATS:
                self.assertEqual(exact.bits(tensor), exact.bits(second[name]), name)

    def save_language_models(self, kind):
        """Two models with the head tied to the embedding, as PyTorch and safetensors save them."""
        files, models = [], []
        for seed in (1, 2):
            torch.manual_seed(seed)
            models.append(checkpoints.LanguageModel())
            files.append(self.folder / f"tied-{seed}.{kind}")
            if kind == "bin":
                torch.save(models[-1].state_dict(), files[-1])
            else:
                safetensors.torch.save_model(models[-1], files[-1], metadata={"format": "pt"})
        return files, models

    def test_tied_weights_are_written_once_and_stay_tied(self):
        for kind in ("bin", "safetensors"):
            files, models = self.save_language_models(kind)
            embeddings = [model.embed_tokens.weight for model in models]
            expected = torch.stack(embeddings).double().mean(0).float()
            for extension in ("bin", "safetensors"):
                with self.subTest(input=kind, output=extension):
                    output = self.merge(files, extension=extension)
                    self.assertLess(output.stat().st_size, files[0].stat().st_size + 2048)
                    if extension == "bin":
                        merged = self.read(output)
                        names = list(models[0].state_dict())
                        self.assertEqual(sorted(merged), sorted(names))
                        if kind == "bin":
                            self.assertEqual(list(merged), names)
                        self.assertEqual(
                            merged["embed_tokens.weight"].data_ptr(),
                            merged["lm_head.weight"].data_ptr(),
                        )
                    model = checkpoints.LanguageModel()
                    if extension == "bin":
                        model.load_state_dict(merged)
                    else:
                        missing, unexpected = safetensors.torch.load_model(model, output)
                        self.assertEqual((set(missing), set(unexpected)), (set(), set()))
                    self.assertIs(model.lm_head.weight, model.embed_tokens.weight)
                    self.assertTrue(torch.equal(model.lm_head.weight, expected))

    def test_weights_that_are_tied_in_one_model_only_are_separate(self):
        files, models = self.save_language_models("bin")
        state_dict = models[1].state_dict()
        state_dict["lm_head.weight"] = state_dict["lm_head.weight"] + 1
        torch.save(state_dict, files[1])
        merged = self.read(self.merge(files, extension="bin"))
        self.assertNotEqual(
            merged["embed_tokens.weight"].data_ptr(), merged["lm_head.weight"].data_ptr()
        )
        difference = merged["lm_head.weight"] - merged["embed_tokens.weight"]
        self.assertTrue(torch.allclose(difference, torch.full_like(difference, 0.5), atol=1e-5))
        tied = self.read(self.merge(files, "--tied", extension="bin"))
        self.assertEqual(
            tied["embed_tokens.weight"].data_ptr(), tied["lm_head.weight"].data_ptr()
        )
        self.assertTrue(
            torch.equal(tied["embed_tokens.weight"], merged["embed_tokens.weight"])
        )

    def test_models_that_share_their_backbone(self):
        torch.manual_seed(3)
        models = [checkpoints.LanguageModel(rows) for rows in (17, 23)]
        files = []
        for index, model in enumerate(models):
            files.append(self.folder / f"rows-{index}.bin")
            torch.save(model.state_dict(), files[-1])
        merged = self.read(self.merge(files, "--backbone-only", extension="bin"))
        for name, tensor in models[0].state_dict().items():
            if name.startswith("layers."):
                tensor = (tensor.double() + models[1].state_dict()[name].double()) / 2
            self.assertTrue(torch.equal(merged[name], tensor.float()), name)

    def test_whole_modules_are_refused(self):
        path = self.folder / "module.bin"
        torch.save(torch.nn.Linear(2, 2), path)
        result = gpumerge(path, path, "--device", "cpu", "-o", self.folder / "never.bin")
        self.assertEqual(result.returncode, 65, result.stderr)
        self.assertIn("module.bin", result.stderr)
        self.assertFalse((self.folder / "never.bin").exists())

    def test_values_that_overflow_are_infinite_and_reported(self):
        files = []
        for index in range(2):
            files.append(self.folder / f"overflow-{index}.bin")
            torch.save({"w": torch.tensor([60000.0], dtype=torch.float16)}, files[-1])
        output = self.folder / "overflow.bin"
        result = gpumerge(
            *files, "--device", "cpu", "--weights", "1,1", "--no-normalize", "-o", output, "--json"
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(torch.isinf(torch.load(output, weights_only=True)["w"]).all())
        self.assertEqual(json.loads(result.stdout)["non_finite"][0]["tensor"], "w")


if __name__ == "__main__":
    unittest.main()
