"""What the tests of model folders share.

All models are small, random and made here: nothing is downloaded.
"""

import os
import pathlib
import subprocess
import tempfile
import unittest
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

import torch
import transformers

import model_folders

transformers.utils.logging.disable_progress_bar()

PROGRAM = os.environ["GPUMERGE"]
SEEDS = (1, 2, 3)


def mean(states, dtype=None):
    """The mean in float64, rounded once more: to the type of the tensors, or another."""
    result = {}
    for name, tensor in states[0].items():
        if tensor.is_floating_point():
            total = sum(state[name].to(torch.float64) for state in states)
            result[name] = (total / len(states)).to(dtype or tensor.dtype)
        else:
            result[name] = tensor
    return result


class FolderTestCase(unittest.TestCase):
    """Makes model folders in a folder of its own, merges them and compares."""

    def setUp(self):
        warnings.simplefilter("ignore")  # The libraries' own.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    # Making, merging and comparing

    def gpumerge(self, *arguments, folder=None):
        command = [PROGRAM, "--device", "cpu", *map(str, arguments)]
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=folder or self.folder
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def models(self, build, save, **options):
        """Models of all seeds, saved to folders."""
        models = [model_folders.randomized(build(), seed) for seed in SEEDS]
        folders = [self.folder / f"model-{seed}" for seed in SEEDS]
        for model, folder in zip(models, folders):
            save(model, folder, **options)
        return models, folders

    def merged(self, folders, *options):
        output = self.folder / "merged"
        self.gpumerge(*(folder.name for folder in folders), "-o", "merged/", *options)
        return output

    def assert_same(self, merged, expected):
        self.assertEqual(set(merged), set(expected))
        for name, tensor in expected.items():
            self.assertEqual(merged[name].dtype, tensor.dtype, name)
            self.assertTrue(torch.equal(merged[name], tensor), name)

    def load(self, auto, output, **options):
        model, info = auto.from_pretrained(output, output_loading_info=True, **options)
        for problem, names in info.items():
            self.assertFalse(names, problem)
        return model.eval()

    def assert_runs(self, model, inputs):
        with torch.no_grad():
            result = model(**inputs)
        for tensor in result.to_tuple():
            if isinstance(tensor, torch.Tensor):
                self.assertTrue(torch.isfinite(tensor).all())
