"""Measures the programs of a group in turns."""

import hashlib

from .exact import largest_error
from .measure import Failure, measure, remove
from .programs import output_path, programs
from .safetensors import tensors_of
from .settings import FOLDER


def data_digest(path):
    """A digest of a file's tensors, whatever its header says beside them."""
    tensors = tensors_of(path)
    start = min(tensor.offset for tensor in tensors.values())
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        file.seek(start)
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def written(path):
    files = path.rglob("*.safetensors") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


class Contender:
    """A program with what was measured of it."""

    def __init__(self, program, group, job):
        self.program, self.group, self.job = program, group, job
        self.output = output_path(program)
        self.row = {"group": group.label, "program": program.label, "runs": []}

    def run(self):
        remove(self.output)
        self.output.parent.mkdir(parents=True, exist_ok=True)
        command = self.program.command(self.job, self.output)
        try:
            run = measure(command, self.program.environment, self.job.inputs, self.group.cold)
        except Failure as failure:
            print(f"{self.program.label}: {failure}", flush=True)
            self.row["failure"] = str(failure)
            return
        self.row["runs"].append(run)
        if len(self.row["runs"]) == 1:
            self.look_at_output()
        where = f"{self.group.label}, " if self.group.label else ""
        print(f"  {where}{self.program.label}: {run['seconds']:.3f} s", flush=True)

    def look_at_output(self):
        """Once: every run has the same output."""
        self.row["bytes"] = self.job.bytes_read + written(self.output)
        dare = self.job.method == "dare_simple_average"
        if self.program.id == "disk" or (dare and self.program.own_random_numbers):
            return
        self.row["error"] = largest_error(self.job, self.output)
        if not self.program.own_random_numbers:
            self.row["digest"] = data_digest(self.output)

    @property
    def is_done(self):
        return "failure" in self.row or len(self.row["runs"]) >= self.program.rounds


def measure_group(group):
    """Rows: a group's label, a program, its runs, and what was found in its output."""
    job = group.job()
    chosen = [program for program in programs() if program.id in group.programs]
    contenders = [Contender(program, group, job) for program in chosen]
    # In turns, so that a slow minute of the machine does not hit one program alone.
    while waiting := [contender for contender in contenders if not contender.is_done]:
        for contender in waiting:
            contender.run()
    for contender in contenders:
        remove(contender.output)
    digests = {row["digest"] for row in (c.row for c in contenders) if "digest" in row}
    if len(digests) > 1:
        raise SystemExit(f"{group.label or job.method}: outputs differ that must be the same")
    return [contender.row for contender in contenders]


def prepare():
    (FOLDER / "output").mkdir(parents=True, exist_ok=True)
