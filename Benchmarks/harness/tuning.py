"""The yardstick's best setting on this machine, found once and remembered."""

import json
import os
import statistics
import subprocess

from .machine import processor
from .settings import FOLDER, RETUNE, TOOLS

# More bytes than this are not merged again and again: what is best for fewer is taken.
LIMIT = 20e9
_done = set()


def method_options(job):
    return ["--weights", job.weights_text] if job.weights else []


def options(job, more=()):
    """The yardstick's options for a job."""
    chosen = [*method_options(job), *more]
    kind = f"{processor()}, {' '.join(chosen)}, "
    key = f"{kind}{len(job.inputs)} inputs, {job.bytes_read / 1e9:.1f} GB"
    path = FOLDER / "tuned.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    small = job.bytes_read <= LIMIT
    near = [setting for name, setting in known.items() if name.startswith(kind)]
    if key not in known and near and not small:
        return [*chosen, *near[-1]]
    if key not in known or (RETUNE and key not in _done and small):
        known[key] = tune(job, chosen)
        path.write_text(json.dumps(known, indent=1))
    _done.add(key)
    return [*chosen, *known[key]]


def tune(job, chosen):
    print(f"tuning the yardstick: {' '.join(chosen) or 'simple mean'}", flush=True)
    output = FOLDER / "output/tuned.safetensors"
    output.parent.mkdir(parents=True, exist_ok=True)
    best = []
    # Inputs that are cold may be read past the page cache or through it.
    for variant in [[], ["--direct"]] if "--cold" in chosen else [[]]:
        os.sync()
        how = [*chosen, *variant, "--tune=3", "--runs=3"]
        command = [TOOLS / "yardstick", *how, "-o", output, *job.inputs]
        run = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, check=True)
        found = [json.loads(line) for line in run.stdout.splitlines()]
        setting = [f"--{name}={found[0][name]}" for name in ("threads", "chunk", "block")]
        seconds = statistics.median(run["seconds"] for run in found)
        best.append((seconds, [*variant, *setting]))
        output.unlink()
    return min(best)[1]
