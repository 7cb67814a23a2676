"""Limits, file systems, permissions and locks: what the place of an output may be like."""

import os
import re
import shutil
import subprocess

from injection import LONGEST, OPTIONS, PROGRAM, FaultTestCase, Forms, digest, fault


class PlaceTests(FaultTestCase):
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

    def test_an_output_has_more_files_than_may_be_open(self):
        command = [PROGRAM, *OPTIONS, *map(str, self.models), "-o", f"{self.folder}/out/",
                   "--max-shard-size", "1kB"]
        result = self.run_plain(["prlimit", "--nofile=40:40", *command])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(len(list((self.folder / "out").glob("*.safetensors"))), 15)

    # File systems

    def mounted(self, *arguments):
        """A folder on which something is mounted."""
        mount = self.folder / "mount"
        mount.mkdir()
        command = ["mount", *arguments, str(mount)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(mount)], check=True)
        return mount

    def check_refused(self, place, message, prefix=()):
        """A place where nothing can be written is refused before anything is read of the tensors."""
        forms = Forms(place, self.models)
        before = digest(place)
        for form in ("file", "folder"):
            result = self.run_plain([*prefix, *forms.command(form)])
            self.assertEqual(result.returncode, 73, result.stderr)
            self.assertIn(message, result.stderr)
            self.assertEqual(digest(place), before)

    def test_a_small_file_system_is_full(self):
        mount = self.mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
        forms = Forms(mount, self.models)
        old = mount / "out.safetensors"
        old.write_bytes(b"old")
        result = self.run_plain(forms.command("file over"))
        self.assertEqual(result.returncode, 73, result.stderr)
        self.assertRegex(result.stderr, r"it takes \d+ bytes, and \d+ are free")
        self.assertEqual(old.read_bytes(), b"old")
        self.assertEqual([entry.name for entry in mount.iterdir()], ["out.safetensors"])

    def test_a_file_system_is_read_only(self):
        mount = self.mounted("-t", "tmpfs", "tmpfs")
        subprocess.run(["mount", "-o", "remount,ro", str(mount)], check=True)
        self.check_refused(mount, "Read-only file system")

    def test_an_input_is_mounted_as_the_output(self):
        output = self.folder / "out.safetensors"
        output.touch()
        command = ["mount", "--bind", str(self.models[0]), str(output)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(output)], check=True)
        result = self.run_plain(self.forms.command("file over"))
        self.assertEqual(result.returncode, 73, result.stderr)
        self.assertIn("the output is one of the inputs", result.stderr)

    # Permissions

    def test_a_folder_may_not_be_written(self):
        place = self.folder / "place"
        place.mkdir(mode=0o555)
        # root writes everywhere unless this is taken away.
        prefix = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] \
            if os.geteuid() == 0 else []
        self.check_refused(place, "Permission denied", prefix)

    def test_a_folder_is_immutable(self):
        place = self.folder / "place"
        place.mkdir()
        command = ["chattr", "+i", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            self.skipTest("folders cannot be made immutable here")
        self.addCleanup(subprocess.run, ["chattr", "-i", str(place)], check=True)
        self.check_refused(place, "Operation not permitted")

    def test_permissions_are_those_of_the_mask_and_the_folder(self):
        group = 12345 if os.geteuid() == 0 else os.getegid()
        for mask in (0o077, 0o002):
            place = self.folder / f"{mask:o}"
            place.mkdir()
            os.chown(place, -1, group)
            place.chmod(0o2775)
            for form in ("file", "folder"):
                forms = Forms(place, self.models)
                result = subprocess.run(
                    forms.command(form), capture_output=True, text=True, check=False, umask=mask)
                self.assertEqual(result.returncode, 0, result.stderr)
            for path in place.rglob("*"):
                status = path.stat()
                expected = (0o2777 if path.is_dir() else 0o666) & ~mask
                self.assertEqual(status.st_mode & 0o7777, expected, path)
                self.assertEqual(status.st_gid, group, path)

    def test_nothing_is_written_elsewhere(self):
        """Inputs are opened for reading only, and there is no use of /tmp."""
        changes = re.compile(
            r"(openat)\(AT_FDCWD, \"([^\"]*)\", O_(?:WRONLY|RDWR)"
            r"|\b(mkdir|unlink|rmdir|rename\w*|link|symlink|chmod|truncate)\((?:AT_FDCWD, )?\"([^\"]*)\"")
        for form in ("file", "bin", "folder over"):
            self.make_old(form)
            command = ["env", "TMPDIR=/no/such/folder", *self.forms.command(form)]
            trace = self.traced("%file", command, "-s", "4096")
            found = {first or second for _, first, _, second in changes.findall(trace)}
            allowed = str(self.forms.path(form))
            self.assertTrue(any(path.startswith(allowed + ".gpumerge-partial/") for path in found))
            self.assertEqual([path for path in found if not path.startswith(allowed)], [])

    # Locks

    def without_locks(self, **variables):
        return self.faulty(
            self.forms.command("file"), fault("flock", "ENOLCK", count=0), **variables)

    def test_a_file_system_without_locks(self):
        """There, who creates the file has the lock, and after a crash a person removes it."""
        new = self.reference("file")
        lock = self.folder / "out.safetensors.gpumerge.lock"
        for text in ("4242\n", ""):
            lock.write_text(text)
            result = self.run_plain(self.without_locks())
            self.assertEqual(result.returncode, 73, result.stderr)
            self.assertIn("process 4242" if text else "another process", result.stderr)
            self.assertIn("remove this file", result.stderr)
            self.assertEqual(self.names(), [lock.name])
        lock.unlink()
        process = subprocess.Popen(self.without_locks(FAULT_DELAY=200), stderr=subprocess.PIPE, text=True)
        while not (self.folder / "out.safetensors.gpumerge-partial").exists():
            self.assertIsNone(process.poll())
        second = self.run_plain(self.without_locks())
        self.assertEqual(second.returncode, 73, second.stderr)
        self.assertRegex(second.stderr, r"process \d+ is writing this output")
        self.assertEqual(process.wait(timeout=LONGEST), 0, process.communicate()[1])
        self.assertEqual(digest(self.forms.path("file")), new)
        self.assertEqual(self.names(), ["out.safetensors"])

    def test_the_name_of_the_lock_is_a_link(self):
        """It would be created wherever that leads."""
        (self.folder / "out.safetensors.gpumerge.lock").symlink_to("elsewhere")
        result = self.run_plain(self.forms.command("file"))
        self.assertEqual(result.returncode, 74, result.stderr)
        self.assertIn("symbolic links", result.stderr)
        self.assertFalse((self.folder / "elsewhere").exists())
