"""The programs that are measured."""

import dataclasses
import json
import os
import pathlib
import subprocess

from . import tuning
from .job import SEED, SPARSITY_RATIO
from .settings import ENVIRONMENTS, FOLDER, GPUMERGE, PROGRAMS, RIVAL_ROUNDS, ROOT, ROUNDS, TOOLS


@dataclasses.dataclass(frozen=True)
class Program:
    """A program: how it is called for a job, and what to know about it."""

    id: str
    label: str
    methods: tuple[str, ...]
    environment: dict = dataclasses.field(default_factory=dict)
    rounds: int = ROUNDS
    # Whose random numbers are its own, so that no exact result exists.
    own_random_numbers: bool = False

    def command(self, job, output):
        raise NotImplementedError


ALL = ("simple_average", "weighted_average", "dare_simple_average")


class Yardstick(Program):
    def command(self, job, output):
        return [TOOLS / "yardstick", *tuning.options(job), "-o", output, *job.inputs]


class ColdYardstick(Program):
    """Reads all inputs and writes as much as the output has, without arithmetic."""

    def command(self, job, output):
        options = tuning.options(job, ["--copy", "--cold"])
        return [TOOLS / "yardstick", *options, "-o", output, *job.inputs]


class GPUMerge(Program):
    def command(self, job, output):
        command = [GPUMERGE, *job.models, "--method", job.method, "--quiet", "-o", output]
        command += (
            ["--device", "0", "--require-device"] if self.environment else ["--device", "cpu"]
        )
        if job.method == "weighted_average":
            command += ["--weights", job.weights_text]
        if job.method == "dare_simple_average":
            command += ["--base", job.base, "--sparsity-ratio", SPARSITY_RATIO, "--seed", SEED]
        return command


class Mergekit(Program):
    """mergekit-pytorch, which merges any state dicts."""

    def command(self, job, output):
        config = FOLDER / "mergekit.json"
        dare = job.method == "dare_simple_average"
        weights = job.weights or [1.0] * len(job.models)
        density = {"density": 1 - SPARSITY_RATIO} if dare else {}
        models = [
            {"model": str(model), "parameters": {"weight": weight, **density}}
            for model, weight in zip(job.models, weights)
        ]
        content = {"merge_method": "dare_linear" if dare else "linear", "dtype": "bfloat16"}
        content["models"] = models
        if dare:
            # The mean of the changes, as dare_simple_average has it.
            content |= {"base_model": str(job.base), "parameters": {"normalize": True}}
        # JSON is YAML.
        config.write_text(json.dumps(content))
        return [ENVIRONMENTS / "mergekit/bin/mergekit-pytorch", config, output]


class FusionBench(Program):
    def command(self, job, output):
        script = ROOT / "Benchmarks/rivals/fusion_bench_merge.py"
        command = [ENVIRONMENTS / "fusion_bench/bin/python", script, job.method, output]
        if job.method == "weighted_average":
            command += ["--weights", job.weights_text]
        if job.method == "dare_simple_average":
            command += ["--base", job.base, "--sparsity-ratio", SPARSITY_RATIO]
        return [*command, *job.models]


def runtimes():
    """OpenCL runtimes as (name, environment)."""
    intel = ENVIRONMENTS / "opencl/lib/libintelocl.so"
    environment = dict(os.environ)
    if intel.exists():
        environment["INTEL_OPENCL"] = str(intel)
    script = ROOT / "Scripts/opencl-runtimes.sh"
    listed = subprocess.run([script], env=environment, capture_output=True, text=True, check=True)
    names = {"pocl": "PoCL", "intel": "Intel OpenCL"}
    for line in listed.stdout.splitlines():
        name, icd = line.split(" ", 1)
        yield name, names[name], {"OCL_ICD_VENDORS": icd}


def installed(name):
    return (ENVIRONMENTS / name / "installed.txt").exists()


def programs():
    """All that this machine has and the settings ask for, in the order of tables."""
    found = [
        Yardstick("yardstick", "yardstick", ALL[:2]),
        ColdYardstick("disk", "disk alone (no arithmetic)", ()),
        GPUMerge("cpu", "gpumerge, CPU", ALL),
    ]
    for name, label, environment in runtimes():
        found.append(GPUMerge(name, f"gpumerge, {label}", ALL, environment))
    if installed("mergekit"):
        found.append(Mergekit("mergekit", "mergekit", ALL, {}, RIVAL_ROUNDS, True))
    if installed("fusion_bench"):
        found.append(FusionBench("fusion_bench", "fusion_bench", ALL, {}, RIVAL_ROUNDS, True))
    return [program for program in found if not PROGRAMS or program.id in PROGRAMS]


def output_path(program):
    """mergekit writes a folder."""
    name = "merged" if program.id == "mergekit" else "merged.safetensors"
    return pathlib.Path(FOLDER / "output" / name)
