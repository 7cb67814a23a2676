"""Folders that transformers 4 saved, and folders that it loads; version 5 is in `model_folder_tests`."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

from folder_case import SEEDS, FolderTestCase, mean

import torch

import model_folders

# How version 4 saves: in either format, whole or in shards.
KINDS = {
    "safetensors": dict(safe_serialization=True),
    "bin": dict(safe_serialization=False),
    "safetensors shards": dict(safe_serialization=True, max_shard_size="20kB"),
    "bin shards": dict(safe_serialization=False, max_shard_size="20kB"),
}

OPTIONS = [], ["--max-shard-size", "20kB"], ["--dtype", "bfloat16"]


class Transformers4Tests(FolderTestCase):
    def version_4(self, jobs):
        """Does all jobs in one process, which takes long to start; they must have no problems."""
        script = pathlib.Path(__file__).with_name("transformers_4.py")
        result = subprocess.run(
            [sys.executable, script], input="".join(json.dumps(job) + "\n" for job in jobs),
            env=os.environ | {"PYTHONPATH": os.environ["TRANSFORMERS_4"]}, capture_output=True,
            text=True, check=False,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        answers = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        self.assertEqual(len(answers), len(jobs), result.stdout)
        for job, answer in zip(jobs, answers):
            self.assertTrue(answer["version"].startswith("4."))
            self.assertEqual(answer["problems"], [], job)
        return [torch.load(job["folder"] + ".pt", weights_only=True) for job in jobs]

    def test_what_version_4_saved_is_loaded_by_both(self):
        for kind, options in KINDS.items():
            jobs = [
                dict(do="save", name=name, seed=seed, folder=str(self.folder / f"{kind} {name} {seed}"),
                     options=options)
                for name in model_folders.ARCHITECTURES for seed in SEEDS
            ]
            states = self.version_4(jobs)
            merged, expected = [], []
            for index, name in enumerate(model_folders.ARCHITECTURES):
                part = slice(index * len(SEEDS), (index + 1) * len(SEEDS))
                output = self.folder / f"{kind} {name} merged"
                size = ["--max-shard-size", "20kB"] if "shards" in kind else []
                self.gpumerge(*(job["folder"] for job in jobs[part]), "-o", f"{output}/", *size)
                shards = list(output.glob("model-*-of-*.safetensors"))
                self.assertEqual(len(shards) > 1, "shards" in kind, name)
                merged.append(dict(do="load", name=name, folder=str(output), tokenizer=True))
                expected.append(mean(states[part]))
                with self.subTest(kind=kind, name=name, version=5):
                    self.check_in_version_5(name, output, [job["folder"] for job in jobs[part]])
            for job, found, right in zip(merged, self.version_4(merged), expected):
                with self.subTest(folder=job["folder"], version=4):
                    self.assert_same(found, right)

    def check_in_version_5(self, name, output, folders):
        """Version 5 names some tensors otherwise in memory than in files: all are read with it."""
        _, auto, inputs = model_folders.ARCHITECTURES[name]
        loaded = self.load(auto, output)
        states = [self.load(auto, folder).state_dict() for folder in folders]
        self.assert_same(loaded.state_dict(), mean(states))
        self.assert_runs(loaded, inputs)

    def test_what_version_5_saved_is_loaded_by_version_4(self):
        loads = []
        for name, (build, _, _) in model_folders.ARCHITECTURES.items():
            folders = [self.folder / f"{name} {seed}" for seed in SEEDS]
            for seed, folder in zip(SEEDS, folders):
                model_folders.save(model_folders.randomized(build(), seed), folder)
            loads += [dict(do="load", name=name, folder=str(folder)) for folder in folders]
            for options in OPTIONS:
                output = self.folder / " ".join([name, "merged", *options])
                self.gpumerge(*folders, "-o", f"{output}/", *options)
                loads.append(dict(do="load", name=name, folder=str(output)))
        states = iter(self.version_4(loads))
        for name in model_folders.ARCHITECTURES:
            inputs = [next(states) for _ in SEEDS]
            for options in OPTIONS:
                with self.subTest(name, options=options):
                    dtype = torch.bfloat16 if "--dtype" in options else torch.float32
                    self.assert_same(next(states), mean(inputs, dtype))


if __name__ == "__main__":
    unittest.main()
