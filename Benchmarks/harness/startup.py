"""Times of programs that have nothing to do but start."""

from . import checkpoints
from .job import Job
from .measure import Failure, measure, remove
from .programs import installed, output_path, programs
from .settings import ENVIRONMENTS, GPUMERGE, PROGRAMS, ROUNDS, TOOLS

# Short runs vary more, and cost nothing.
TIMES = 4


def _commands():
    """(label, program, command, environment, output)."""
    for option in ("--help", "--version"):
        yield option, "gpumerge", [GPUMERGE, option], {}, None
    _, models = checkpoints.llama("tiny", 2)
    job = Job("simple_average", tuple(models))
    for program in programs():
        if program.id not in ("yardstick", "cpu", "pocl", "intel"):
            continue
        if program.environment:
            name = program.label.removeprefix("gpumerge, ")
            command = [TOOLS / "opencl_init"]
            yield "context and queue", f"{name} alone", command, program.environment, None
        if program.id == "yardstick":
            continue
        output = output_path(program)
        command = program.command(job, output)
        yield "merge of two files of 8 KB", program.label, command, program.environment, output
    if installed("mergekit") and (not PROGRAMS or "mergekit" in PROGRAMS):
        command = [ENVIRONMENTS / "mergekit/bin/mergekit-pytorch", "--help"]
        yield "--help", "mergekit", command, {}, None


def measure_startup():
    """Rows of results, as runner.measure_group gives them."""
    commands = list(_commands())
    runs = [[] for _ in commands]
    for _ in range(TIMES * ROUNDS):
        for (label, program, command, environment, output), taken in zip(commands, runs):
            if output:
                remove(output)
                output.parent.mkdir(parents=True, exist_ok=True)
            if program == "mergekit" and len(taken) >= ROUNDS:
                continue
            try:
                taken.append(measure(command, environment))
            except Failure as failure:
                raise SystemExit(f"{program}: {failure}") from None
    return [
        {"group": label, "program": program, "runs": taken}
        for (label, program, _, _, _), taken in zip(commands, runs)
    ]
