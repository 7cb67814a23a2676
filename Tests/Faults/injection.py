"""Kills, full disks and failing system calls, injected with strace.

The invariants are those of every merge: the output's name shows the old state or the new one, whole;
and the same command, given again, ends with the bytes of an uninterrupted run and leaves nothing else.
"""

import errno
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ["GPUMERGE"]
# Everything that changes what is on the disk; reads are listed by those who test them.
CHANGES = [
    "openat", "mkdir", "ftruncate", "fallocate", "flock", "write", "pwrite64", "fdatasync", "fsync",
    "rename", "renameat2", "unlink", "rmdir", "close",
]
# So that strace is seen to do what it is asked, and that loops end.
MOST_CALLS = 400
# Small blocks and a record after each, for there to be many places to stop at.
OPTIONS = ["--device", "cpu", "--threads", "1", "--memory", "1MiB", "--record-interval", "0"]


def digest(path):
    """The state of an output: what every file of it holds."""
    if path.is_dir():
        return {entry.name: digest(entry) for entry in sorted(path.iterdir())}
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def can_trace():
    try:
        return subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False,
                              capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class Forms:
    """The commands whose every step is interrupted: a file, a folder, and both in place of old ones."""

    def __init__(self, folder, models):
        self.folder = folder
        self.models = models

    def command(self, form, name="out"):
        arguments = [PROGRAM, *OPTIONS, *map(str, self.models)]
        target = str(self.folder / name)
        if form.startswith("folder"):
            arguments += ["-o", target + "/", "--max-shard-size", "1MiB"]
        else:
            arguments += ["-o", target + (".bin" if "bin" in form else ".safetensors")]
        return arguments + (["--force"] if "over" in form else [])

    def path(self, form, name="out"):
        if form.startswith("folder"):
            return self.folder / name
        return self.folder / (name + (".bin" if "bin" in form else ".safetensors"))


class FaultTestCase(unittest.TestCase):
    """Models, and the ways to run the program on them."""

    @classmethod
    def setUpClass(cls):
        if not can_trace():
            raise unittest.SkipTest("strace does not work here")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.inputs = pathlib.Path(folder.name)
        subprocess.run(
            [ROOT / "Scripts/make_checkpoints.py", "--size", "shards", "--count", "2", cls.inputs],
            check=True, capture_output=True)
        cls.models = sorted(cls.inputs.glob("model-*"))
        cls.kill_points = 0

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.forms = Forms(self.folder, self.models)

    # Running

    def run_plain(self, command):
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def run_injected(self, command, injection):
        trace = self.folder / "trace"
        strace = ["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=" + injection.split(":")[0],
                  "-e", "inject=" + injection]
        result = self.run_plain(strace + command)
        result.injected = "(INJECTED)" in trace.read_text() or result.returncode < 0 \
            or "killed by SIGKILL" in trace.read_text()
        trace.unlink()
        return result

    def reference(self, form):
        result = self.run_plain(self.forms.command(form, "reference"))
        self.assertEqual(result.returncode, 0, result.stderr)
        path = self.forms.path(form, "reference")
        state = digest(path)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return state

    def make_old(self, form):
        """An output that is there already, if the form is about one."""
        path = self.forms.path(form)
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        if "over" not in form:
            return None
        if form.startswith("folder"):
            path.mkdir()
            (path / "model.safetensors").write_bytes(b"old")
            (path / "config.json").write_bytes(b"{}")
        else:
            path.write_bytes(b"old")
        return digest(path)

    def names(self):
        return sorted(entry.name for entry in self.folder.iterdir())

    def finish(self, form, new, note):
        """The same command again: it ends with the same bytes and leaves nothing else."""
        path = self.forms.path(form)
        result = self.run_plain(self.forms.command(form))
        if result.returncode != 0:
            # It was complete already, which without --force is the one reason not to merge again.
            self.assertEqual(result.returncode, 73, f"{note}: {result.stderr}")
            self.assertIn("the output exists", result.stderr, note)
        self.assertEqual(digest(path), new, note)
        self.assertEqual(self.names(), [path.name], note)

    # Failing everywhere

    def fail_everywhere(self, form, call, error, step=1):
        """Each call fails once; what is there stays as it is, and the next run succeeds."""
        new = self.reference(form)
        count = 0
        for when in range(1, MOST_CALLS, step):
            old = self.make_old(form)
            result = self.run_injected(self.forms.command(form), f"{call}:error={error}:when={when}")
            if not result.injected:
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertGreater(count, 0, f"no {call} was called")
                print(f"{count} failures", end=" ", flush=True)
                return
            if "error while loading shared libraries" in result.stderr:
                continue
            count += 1
            note = f"{error} at {call} {when}"
            self.assertGreaterEqual(result.returncode, 0, note)
            self.assertIn(digest(self.forms.path(form)), [old, new], note)
            if result.returncode != 0:
                self.assertIn(result.returncode, [66, 69, 70, 73, 74], f"{note}: {result.stderr}")
                self.assertRegex(result.stderr, r"^error: ", note)
                message = os.strerror(getattr(errno, error))
                self.assertIn(message.lower(), result.stderr.lower(), note)
            self.finish(form, new, note)
        self.fail(f"more than {MOST_CALLS} calls of {call}")

    # Kills everywhere

    def kill_everywhere(self, form):
        new = self.reference(form)
        count = 0
        for call in CHANGES:
            for when in range(1, MOST_CALLS):
                old = self.make_old(form)
                result = self.run_injected(self.forms.command(form),
                                           f"{call}:signal=KILL:when={when}")
                if result.returncode != -signal.SIGKILL:
                    self.assertEqual(result.returncode, 0, f"{call} {when}: {result.stderr}")
                    break
                count += 1
                note = f"killed at {call} {when}"
                self.assertIn(digest(self.forms.path(form)), [old, new], note)
                self.finish(form, new, note)
            else:
                self.fail(f"more than {MOST_CALLS} calls of {call}")
        print(f"{count} kill points", end=" ", flush=True)

    # Inputs that change

    def slow(self, form="file", delay=100_000):
        """A merge that takes its time, so that something can happen meanwhile."""
        return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64", "-e",
                f"inject=pread64:delay_enter={delay}", *self.forms.command(form)]

    def change_meanwhile(self, change):
        models = self.folder / "models"
        models.mkdir()
        self.models = [pathlib.Path(shutil.copy(model, models)) for model in self.models]
        self.forms = Forms(self.folder, self.models)
        process = subprocess.Popen(self.slow(), stderr=subprocess.PIPE, text=True)
        while not (self.folder / "out.safetensors.gpumerge-partial").exists():
            if process.poll() is not None:
                break
        change(self.models[1])
        error = process.communicate(timeout=120)[1]
        return process.returncode, error
