"""Inputs that change, signals, streams and names."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

from injection import LONGEST, OPTIONS, PROGRAM, FaultTestCase, Forms, digest


class ProcessTests(FaultTestCase):
    # Inputs that change

    def test_an_input_is_truncated_meanwhile(self):
        code, error = self.change_meanwhile(lambda path: os.truncate(path, 1000))
        self.assertEqual(code, 74, error)
        self.assertRegex(error, "became shorter|changed while")
        self.assertEqual(self.names(), ["models"])

    def test_an_input_is_written_to_meanwhile(self):
        def change(path):
            with open(path, "r+b") as file:
                file.seek(-100, os.SEEK_END)
                file.write(b"\1" * 50)
        code, error = self.change_meanwhile(change)
        self.assertEqual(code, 74, error)
        self.assertIn("changed while it was read", error)
        self.assertEqual(self.names(), ["models"])

    def test_an_input_is_replaced_meanwhile(self):
        """The file that was opened is read to its end, or the merge ends."""
        new = self.reference("file")

        def change(path):
            other = path.with_suffix(".new")
            other.write_bytes(b"something else")
            other.rename(path)
        code, error = self.change_meanwhile(change)
        if code == 0:
            self.assertEqual(digest(self.folder / "out.safetensors"), new)
        else:
            self.assertEqual(code, 74, error)

    # Signals and streams

    def test_two_merges_to_one_output(self):
        process = subprocess.Popen(self.slow(), stderr=subprocess.PIPE, text=True)
        while not (self.folder / "out.safetensors.gpumerge-partial").exists():
            pass
        second = self.run_plain(self.forms.command("file"))
        self.assertEqual(second.returncode, 73)
        self.assertRegex(second.stderr, r"process \d+ is writing this output")
        self.assertEqual(process.wait(timeout=LONGEST), 0, process.communicate()[1])
        self.assertEqual(self.names(), ["out.safetensors"])

    def test_interrupted_and_continued(self):
        new = self.reference("folder")
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Whoever runs this may ignore it, as shells and nohup do, and so would the program.
            process = subprocess.Popen(
                self.slow("folder"), stderr=subprocess.PIPE, text=True,
                preexec_fn=lambda stop=stop: signal.signal(stop, signal.SIG_DFL))
            journal = self.folder / "out.gpumerge-partial" / "journal.jsonl"
            while not journal.exists() or journal.read_text().count("crc32") < 1:
                self.assertIsNone(process.poll())
            pid = int((self.folder / "out.gpumerge.lock").read_text())
            os.kill(pid, stop)
            error = process.communicate(timeout=LONGEST)[1]
            self.assertEqual(process.returncode, 130, error)
            self.assertIn("the same command goes on from there", error)
            self.assertEqual(self.names(), ["out.gpumerge-partial"])
            result = self.run_plain(self.forms.command("folder"))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("were finished before", result.stderr)
            self.assertEqual(digest(self.folder / "out"), new)
            shutil.rmtree(self.folder / "out")

    def test_the_second_signal_ends_the_merge_at_once(self):
        new = self.reference("file")
        process = subprocess.Popen(
            self.slow(milliseconds=60_000), stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        while not self.is_delayed(process.pid):
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=LONGEST), 130)
        self.assertLess(time.monotonic() - begin, 30)
        process.stderr.close()
        self.finish("file", new, "the second signal")

    @staticmethod
    def is_delayed(pid):
        """Whether a thread is in clock_nanosleep, number 230 on x86-64."""
        for path in pathlib.Path(f"/proc/{pid}/task").glob("*/syscall"):
            try:
                if path.read_text().startswith("230 "):
                    return True
            except OSError:
                pass  # The thread has ended.
        return False

    def test_times_of_files_are_only_compared(self):
        """A clock that was wrong, in the future or before 1970, does not matter."""
        new = self.reference("folder")
        models = self.folder / "models"
        models.mkdir()
        self.models = [pathlib.Path(shutil.copy(model, models)) for model in self.models]
        self.forms = Forms(self.folder, self.models)
        for model, seconds in zip(self.models, (1 << 33, -(1 << 30))):
            os.utime(model, (seconds, seconds))
        process = subprocess.Popen(self.slow("folder"), stderr=subprocess.PIPE, text=True)
        work = self.folder / "out.gpumerge-partial"
        while not (work / "journal.jsonl").exists() \
                or (work / "journal.jsonl").read_text().count("crc32") < 1:
            self.assertIsNone(process.poll())
        os.kill(int((self.folder / "out.gpumerge.lock").read_text()), signal.SIGTERM)
        process.communicate(timeout=LONGEST)
        for path in work.rglob("*"):
            os.utime(path, (1 << 33, 1 << 33))
        result = self.run_plain(self.forms.command("folder"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("were finished before", result.stderr)
        weights = {name: value for name, value in digest(self.folder / "out").items()
                   if name.startswith("model")}
        self.assertEqual(weights, {name: new[name] for name in weights})
        self.assertGreater(len(weights), 2)

    def test_paths_are_bytes(self):
        """Names with a newline, a dash in front, and bytes that are not UTF-8."""
        names = [b"-dash.safetensors", b"new\nline.safetensors", b"\xff\xfe.safetensors"]
        for name in names:
            shutil.copy(self.models[0], os.path.join(os.fsencode(self.folder), name))
        output = b"caf\xe9.safetensors"
        result = subprocess.run(
            [PROGRAM, *OPTIONS, "-o", output, "--", *names], cwd=self.folder, capture_output=True,
            check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(output, os.listdir(os.fsencode(self.folder)))
        result = subprocess.run([PROGRAM, *OPTIONS, "-o", output, "--", *names], cwd=self.folder,
                                capture_output=True, check=False)
        self.assertEqual(result.returncode, 73)
        self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_nobody_reads_what_is_printed(self):
        new = self.reference("file")
        command = self.forms.command("file") + ["--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.close()
        self.assertEqual(process.wait(timeout=LONGEST), 0)
        self.assertEqual(digest(self.forms.path("file")), new)
