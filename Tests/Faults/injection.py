"""Kills, full disks and failing system calls, injected with `faults.c`.

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
    "open", "mkdir", "ftruncate", "fallocate", "flock", "write", "pwrite", "fdatasync", "fsync",
    "rename", "renameat2", "unlink", "rmdir", "close",
]
# So that loops end.
MOST_CALLS = 400
# How many seconds anything may take, on a machine that does much else.
LONGEST = 300
# Small blocks and a record after each, for there to be many places to stop at.
OPTIONS = ["--device", "cpu", "--threads", "1", "--memory", "1MiB", "--record-interval", "0"]


def digest(path):
    """The state of an output: what every file of it holds."""
    if path.is_dir():
        return {entry.name: digest(entry) for entry in sorted(path.iterdir())}
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def fault(call, error, when=1, count=1, path=""):
    """One fault for `faults.c`: which calls, of which files, fail how; "KILL" ends the process."""
    number = -1 if error == "KILL" else getattr(errno, error)
    return f"{call}:{number}:{when}:{count}:{path}"


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
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.inputs = pathlib.Path(folder.name)
        subprocess.run(
            [ROOT / "Scripts/make_checkpoints.py", "--size", "shards", "--count", "2", cls.inputs],
            check=True, capture_output=True)
        cls.models = sorted(cls.inputs.glob("model-*"))
        cls.library = cls.inputs / "faults.so"
        subprocess.run(["clang", "-shared", "-fPIC", "-O1", "-o", cls.library,
                        ROOT / "Tests/Faults/faults.c"], check=True)
        cls.kill_points = 0

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.forms = Forms(self.folder, self.models)

    # Running

    def run_plain(self, command):
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)

    def faulty(self, command, *faults, **variables):
        """The command with faults, and whatever else `faults.c` is to be told."""
        variables |= {"LD_PRELOAD": str(self.library)}
        if faults:
            variables["FAULTS"] = ",".join(faults)
        return ["env", *(f"{name}={value}" for name, value in variables.items()), *command]

    def traced(self, calls, command, *options):
        """Runs a command, and returns what strace tells of these system calls."""
        trace = self.folder / "trace"
        strace = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={calls}", *options]
        try:
            subprocess.run([*strace[:5], "true"], check=True, capture_output=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            self.skipTest("strace does not work here")
        result = self.run_plain([*strace, *command])
        self.assertEqual(result.returncode, 0, result.stderr)
        text = trace.read_text()
        trace.unlink()
        return text

    def run_injected(self, command, *faults):
        """Runs a command with faults; the result tells whether any of them came to pass."""
        mark = self.inputs / "mark"
        mark.unlink(missing_ok=True)
        result = self.run_plain(self.faulty(command, *faults, FAULT_MARK=mark))
        result.injected = mark.exists() or result.returncode == -signal.SIGKILL
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

    def clear(self):
        for entry in self.folder.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

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
            result = self.run_injected(self.forms.command(form), fault(call, error, when))
            if not result.injected:
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertGreater(count, 0, f"no {call} was called")
                print(f"{count} failures", end=" ", flush=True)
                return
            count += 1
            self.check_failure(form, old, new, error, result, f"{error} at {call} {when}")
            self.finish(form, new, f"{error} at {call} {when}")
        self.fail(f"more than {MOST_CALLS} calls of {call}")

    def check_failure(self, form, old, new, error, result, note):
        """A failure that mattered is one clear error, and nothing of the old state is lost."""
        self.assertGreaterEqual(result.returncode, 0, note)
        self.assertIn(digest(self.forms.path(form)), [old, new], note)
        if result.returncode == 0:
            return
        self.assertIn(result.returncode, [66, 69, 70, 73, 74], f"{note}: {result.stderr}")
        self.assertRegex(result.stderr, r"^(warning: .*\n)*error: ", note)
        messages = [os.strerror(getattr(errno, error)).lower(), "there is no room for the output",
                    "too many files are open"]
        self.assertTrue(any(text in result.stderr.lower() for text in messages),
                        f"{note}: {result.stderr}")

    # Kills everywhere

    def interrupted(self, form):
        """What a run leaves that is killed when it has recorded something."""
        self.make_old(form)
        self.run_injected(self.forms.command(form), fault("pwrite", "KILL", 5))
        work = pathlib.Path(f"{self.forms.path(form)}.gpumerge-partial")
        self.assertIn("crc32", (work / "journal.jsonl").read_text())
        kept = self.inputs / work.name
        shutil.copytree(work, kept)
        self.clear()
        return kept

    def kill_everywhere(self, form, going_on=False):
        """Each call is the last one, of a merge or of one that goes on from an earlier one."""
        new = self.reference(form)
        earlier = self.interrupted(form) if going_on else None
        count = 0
        for call in CHANGES:
            for when in range(1, MOST_CALLS):
                old = self.make_old(form)
                if earlier:
                    shutil.copytree(earlier, self.folder / earlier.name)
                result = self.run_injected(self.forms.command(form), fault(call, "KILL", when))
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

    def slow(self, form="file", milliseconds=100):
        """A merge that takes its time, so that something can happen meanwhile."""
        return self.faulty(self.forms.command(form), FAULT_DELAY=milliseconds)

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
        error = process.communicate(timeout=LONGEST)[1]
        return process.returncode, error
