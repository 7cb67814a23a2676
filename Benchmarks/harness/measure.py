"""Runs one program once."""

import json
import os
import pathlib
import shutil
import subprocess

from .settings import FOLDER, TOOLS


class Failure(Exception):
    """A program that did not end well."""


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def read_into_cache(paths):
    buffer = bytearray(1 << 22)
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def drop_from_cache(paths):
    for path in paths:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(command, environment=None, inputs=(), cold=False):
    """Seconds, processor time and peak memory of a command, whose inputs are cached or cold."""
    # What was written before would keep the disk busy; and the cache drops only what is clean.
    os.sync()
    (drop_from_cache if cold else read_into_cache)(inputs)
    result = FOLDER / "measured.json"
    remove(result)
    log = FOLDER / "log.txt"
    with open(log, "wb") as file:
        arguments = [TOOLS / "measure", result, *command]
        finished = subprocess.run(
            [str(argument) for argument in arguments],
            env={**os.environ, **(environment or {})},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    if finished.returncode != 0:
        lines = pathlib.Path(log).read_text(errors="replace").strip().splitlines()
        said = "\n".join(lines[-15:])
        raise Failure(f"exit code {finished.returncode}: {said}")
    return json.loads(result.read_text())
