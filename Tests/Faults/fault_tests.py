"""Failing, interrupted and short system calls, and the order of what becomes durable."""

import re

from injection import FaultTestCase, digest, fault

# Of which form of output, which call fails, how, and the how manyth.
FAILURES = [
    ("folder over", "fallocate", "ENOSPC", 1),
    ("folder over", "pwrite", "ENOSPC", 5),
    ("file over", "pwrite", "EDQUOT", 3),
    ("bin", "pwrite", "EIO", 3),
    ("folder over", "fdatasync", "EIO", 2),
    ("folder over", "fsync", "EIO", 1),
    ("folder over", "renameat2", "EIO", 1),
    ("file over", "rename", "EIO", 1),
]


class CallTests(FaultTestCase):
    """One of each kind; `exhaustive_tests` has all."""

    def test_one_failure_of_each_kind(self):
        for form, call, error, when in FAILURES:
            with self.subTest(form=form, call=call, error=error):
                self.clear()
                new, old = self.reference(form), self.make_old(form)
                result = self.run_injected(self.forms.command(form), fault(call, error, when))
                self.assertTrue(result.injected)
                self.assertNotEqual(result.returncode, 0)
                self.check_failure(form, old, new, error, result, call)
                self.assertEqual(digest(self.forms.path(form)), old)
                self.finish(form, new, call)

    def test_closing_an_output_fails(self):
        """Network file systems tell so late that something was not written."""
        new, old = self.reference("file over"), self.make_old("file over")
        for when in range(1, 5):
            result = self.run_injected(
                self.forms.command("file over"), fault("close", "EIO", when, path="/payload/out"))
            self.assertTrue(result.injected)
            self.assertEqual(result.returncode, 74, result.stderr)
            self.check_failure("file over", old, new, "EIO", result, "close")
            self.assertEqual(digest(self.forms.path("file over")), old)
        self.finish("file over", new, "close")

    def test_the_error_of_an_input_tells_the_place(self):
        for model in self.models:
            result = self.run_injected(
                self.forms.command("file"), fault("pread", "EIO", 4, path=model.name))
            self.assertTrue(result.injected)
            self.assertEqual(result.returncode, 74, result.stderr)
            self.assertRegex(
                result.stderr, re.escape(str(model)) + r": .*Input/output error \(at byte \d+\)")

    def test_reads_and_writes_do_less_than_they_are_asked_to(self):
        for form in ("file", "bin", "folder"):
            new = self.reference(form)
            trace = self.traced(
                "pread64,pwrite64", self.faulty(self.forms.command(form), FAULT_SHORT=1))
            for call in ("pread64", "pwrite64"):
                counts = re.findall(call + r"\(.* = (\d+)$", trace, re.MULTILINE)
                self.assertGreater(len(counts), 100, "the calls are cut short")
                self.assertLess(max(map(int, counts)), 5000)
            self.assertEqual(digest(self.forms.path(form)), new)

    def test_the_file_system_cannot_exchange_folders(self):
        new = self.reference("folder over")
        self.make_old("folder over")
        result = self.run_injected(
            self.forms.command("folder over"), fault("renameat2", "EINVAL", count=0))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(result.injected)
        self.assertEqual(digest(self.forms.path("folder over")), new)
        self.assertEqual(self.names(), ["out"])

    def test_killed_where_the_file_system_cannot_exchange_folders(self):
        form = "folder over"
        new = self.reference(form)
        for call in ("rename", "fsync", "unlink", "rmdir"):
            for when in range(1, 40):
                old = self.make_old(form)
                result = self.run_injected(
                    self.forms.command(form), fault("renameat2", "EINVAL", count=0),
                    fault(call, "KILL", when))
                if result.returncode == 0:
                    self.assertGreater(when, 2, call)
                    break
                # Between two renames nothing may be there: documented, and finished by the next run.
                self.assertIn(digest(self.forms.path(form)), [old, new, None])
                self.finish(form, new, f"killed at {call} {when}")
            else:
                self.fail("the merge does not end")

    def test_system_calls_are_interrupted(self):
        for call in ("pread", "pwrite", "flock"):
            new = self.reference("file")
            self.make_old("file")
            result = self.run_injected(self.forms.command("file"), fault(call, "EINTR", count=3))
            self.assertEqual(result.returncode, 0, f"{call}: {result.stderr}")
            self.assertTrue(result.injected, call)
            self.assertEqual(digest(self.forms.path("file")), new)

    def test_what_is_durable_when(self):
        """The order that survives a power cut: data, its record, the rename, its folder."""
        for form in ("file", "file over", "bin", "folder", "folder over"):
            with self.subTest(form):
                self.clear()
                self.make_old(form)
                self.check_order(self.traced_changes(form), form)

    def traced_changes(self, form):
        """The calls of a merge that change something or make it durable: name, path, and all of it."""
        trace = self.traced(
            "openat,pwrite64,fdatasync,fsync,write,rename,renameat2", self.forms.command(form),
            "-y", "-s", "1000")
        lines = trace.splitlines()
        calls = [re.match(r"\d+\s+(\w+)\((?:(?:\d+|AT_FDCWD)<([^>]*)>)?", line) for line in lines]
        return [(*call.groups(), line) for call, line in zip(calls, lines) if call]

    def check_order(self, calls, form):
        dirty, records, renamed, synced_after = set(), 0, False, False
        for name, path, line in calls:
            if name == "openat" and "O_CREAT" in line and "/payload/" in line:
                # The name of the file is to become durable with the folder.
                dirty.add("payload")
            elif name == "pwrite64" and "/payload/" in path:
                self.assertFalse(renamed, "nothing is written after the rename")
                dirty.add(path)
            elif name in ("fdatasync", "fsync"):
                dirty.discard(path)
                if path.endswith("/payload"):
                    dirty.discard("payload")
                synced_after = synced_after or (renamed and path == str(self.folder.resolve()))
            elif name == "write" and path.endswith("journal.jsonl") and "crc32" in line:
                records += 1
                for file in re.findall(r'\\"file\\":\\"([^"\\]*)', line):
                    self.assertFalse([d for d in dirty if d.endswith("/" + file)], line)
            elif name.startswith("rename") and "journal.jsonl" not in line:
                self.assertFalse(dirty, "all data is durable before the rename")
                renamed = True
        self.assertGreater(records, 2)
        self.assertTrue(renamed)
        self.assertTrue(synced_after, "the folder is durable after the rename")
