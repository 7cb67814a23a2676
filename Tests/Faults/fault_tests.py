"""Kills, full disks, failing system calls, inputs that change, signals."""

import os
import re
import shutil
import signal
import subprocess
import unittest

from injection import OPTIONS, PROGRAM, FaultTestCase, Forms, digest


class ExhaustiveFaultTests(FaultTestCase):
    """Every system call that changes something is the last one, or fails."""

    def test_killed_while_writing_a_file(self):
        self.kill_everywhere("file")

    def test_killed_while_replacing_a_file(self):
        self.kill_everywhere("file over")

    def test_killed_while_writing_a_pytorch_file(self):
        self.kill_everywhere("bin")

    def test_killed_while_writing_a_folder(self):
        self.kill_everywhere("folder")

    def test_killed_while_replacing_a_folder(self):
        self.kill_everywhere("folder over")

    def test_the_disk_is_full(self):
        self.fail_everywhere("folder over", "pwrite64", "ENOSPC")

    def test_the_quota_is_used_up(self):
        self.fail_everywhere("file", "pwrite64", "EDQUOT", step=3)

    def test_a_write_fails(self):
        self.fail_everywhere("bin", "pwrite64", "EIO", step=3)

    def test_the_disk_does_not_take_what_was_written(self):
        self.fail_everywhere("folder over", "fdatasync", "EIO")

    def test_a_folder_cannot_be_made_durable(self):
        self.fail_everywhere("folder over", "fsync", "EIO")

    def test_a_rename_fails(self):
        self.fail_everywhere("folder over", "renameat2", "EIO")

    def test_an_input_cannot_be_read(self):
        self.fail_everywhere("file", "pread64", "EIO", step=2)


class QuickFaultTests(FaultTestCase):
    """One of each kind."""

    def test_the_file_system_cannot_exchange_folders(self):
        new = self.reference("folder over")
        self.make_old("folder over")
        result = self.run_injected(self.forms.command("folder over"), "renameat2:error=EINVAL")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(result.injected)
        self.assertEqual(digest(self.forms.path("folder over")), new)
        self.assertEqual(self.names(), ["out"])

    def test_killed_where_the_file_system_cannot_exchange_folders(self):
        form = "folder over"
        new = self.reference(form)
        for when in range(1, 9):
            old = self.make_old(form)
            trace = self.folder / "trace"
            result = self.run_plain(
                ["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=rename,renameat2",
                 "-e", "inject=renameat2:error=EINVAL",
                 "-e", f"inject=rename:signal=KILL:when={when}", *self.forms.command(form)])
            trace.unlink()
            if result.returncode == 0:
                self.assertGreater(when, 2)
                return
            # In between, nothing may be there: documented, and finished by the next run.
            self.assertIn(digest(self.forms.path(form)), [old, new, None])
            self.finish(form, new, f"killed at rename {when}")
        self.fail("the merge does not end")

    def test_system_calls_are_interrupted(self):
        # The first calls of pread64 are the dynamic loader's, which gives up.
        for call, when in [("pread64", "20+2"), ("pwrite64", "1+2"), ("flock", "1+2")]:
            new = self.reference("file")
            self.make_old("file")
            result = self.run_injected(self.forms.command("file"), f"{call}:error=EINTR:when={when}")
            self.assertEqual(result.returncode, 0, f"{call}: {result.stderr}")
            self.assertTrue(result.injected, call)
            self.assertEqual(digest(self.forms.path("file")), new)

    def test_what_is_durable_when(self):
        """The order that survives a power cut: data, its record, the rename, its folder."""
        trace = self.folder / "trace"
        self.make_old("folder over")
        result = self.run_plain(
            ["strace", "-f", "-qq", "-y", "-o", str(trace), "-e",
             "trace=pwrite64,fdatasync,fsync,write,renameat2", *self.forms.command("folder over")])
        self.assertEqual(result.returncode, 0, result.stderr)
        dirty, renamed, synced_after = set(), False, False
        for line in trace.read_text().splitlines():
            call = re.match(r"\d+\s+(\w+)\((?:\d+<([^>]*)>)?", line)
            if not call:
                continue
            name, path = call.groups()
            if name == "pwrite64" and "/payload/" in path:
                self.assertFalse(renamed, "nothing is written after the rename")
                dirty.add(path)
            elif name in ("fdatasync", "fsync"):
                dirty.discard(path)
                synced_after = synced_after or (renamed and path == str(self.folder.resolve()))
            elif name == "write" and path.endswith("journal.jsonl") and '"crc32' in line:
                # strace shows the start of the line, which names the file.
                file = re.search(r'file\\":\\"([^"\\]*)', line).group(1)
                self.assertFalse([d for d in dirty if d.endswith("/" + file)], line)
            elif name == "renameat2":
                self.assertFalse(dirty, "all data is durable before the rename")
                renamed = True
        self.assertTrue(renamed)
        self.assertTrue(synced_after, "the folder is durable after the rename")

    # Limits

    def test_a_file_may_not_be_that_large(self):
        new = self.reference("file")
        result = self.run_plain(["prlimit", "--fsize=100000", *self.forms.command("file")])
        self.assertEqual(result.returncode, 74, result.stderr)
        self.assertIn("ulimit -f", result.stderr)
        self.assertIsNone(digest(self.forms.path("file")))
        self.finish("file", new, "RLIMIT_FSIZE")

    def test_few_files_may_be_open(self):
        folder = self.folder / "models"
        folder.mkdir()
        models = [folder / f"{index}.safetensors" for index in range(100)]
        for model in models:
            os.link(self.models[0], model) if model.name == "0.safetensors" \
                else shutil.copy(self.models[0], model)
        command = [PROGRAM, *OPTIONS[:-4], *map(str, models), "-o", str(self.folder / "o.bin")]
        result = self.run_plain(["prlimit", "--nofile=64:64", *command])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.names(), ["models", "o.bin"])

    def test_a_small_file_system_is_full(self):
        mount = self.folder / "mount"
        mount.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            self.skipTest("tmpfs cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(mount)], check=True)
        forms = Forms(mount, self.models)
        old = mount / "out.safetensors"
        old.write_bytes(b"old")
        result = self.run_plain(forms.command("file over"))
        self.assertEqual(result.returncode, 73, result.stderr)
        self.assertRegex(result.stderr, r"it takes \d+ bytes, and \d+ are free")
        self.assertEqual(old.read_bytes(), b"old")
        self.assertEqual([entry.name for entry in mount.iterdir()], ["out.safetensors"])

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
        self.assertEqual(process.wait(timeout=120), 0, process.communicate()[1])
        self.assertEqual(self.names(), ["out.safetensors"])

    def test_interrupted_and_continued(self):
        new = self.reference("folder")
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # A shell that runs this in the background ignores SIGINT, and so would the program.
            process = subprocess.Popen(
                self.slow("folder"), stderr=subprocess.PIPE, text=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
            journal = self.folder / "out.gpumerge-partial" / "journal.jsonl"
            while not journal.exists() or journal.read_text().count("crc32") < 3:
                self.assertIsNone(process.poll())
            pid = int((self.folder / "out.gpumerge.lock").read_text())
            os.kill(pid, stop)
            error = process.communicate(timeout=120)[1]
            self.assertEqual(process.returncode, 130, error)
            self.assertIn("the same command goes on from there", error)
            self.assertEqual(self.names(), ["out.gpumerge-partial"])
            result = self.run_plain(self.forms.command("folder"))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("were finished before", result.stderr)
            self.assertEqual(digest(self.folder / "out"), new)
            shutil.rmtree(self.folder / "out")

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
        self.assertEqual(process.wait(timeout=120), 0)
        self.assertEqual(digest(self.forms.path("file")), new)
