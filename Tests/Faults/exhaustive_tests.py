"""Every system call that changes something is the last one, or fails."""

from injection import FaultTestCase


class KillTests(FaultTestCase):
    """The process is gone at a system call, as after `kill -9`."""

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

    def test_killed_while_going_on_with_a_file(self):
        self.kill_everywhere("file over", going_on=True)

    def test_killed_while_going_on_with_a_folder(self):
        self.kill_everywhere("folder", going_on=True)


class FailureTests(FaultTestCase):
    """A system call fails, once."""

    def test_the_disk_is_full(self):
        self.fail_everywhere("folder over", "pwrite", "ENOSPC")

    def test_there_is_no_room_to_reserve(self):
        self.fail_everywhere("folder over", "fallocate", "ENOSPC")

    def test_the_file_system_has_no_room_for_names(self):
        self.fail_everywhere("folder over", "mkdir", "ENOSPC")

    def test_the_quota_is_used_up(self):
        self.fail_everywhere("file", "pwrite", "EDQUOT")

    def test_a_write_fails(self):
        self.fail_everywhere("bin", "pwrite", "EIO")

    def test_the_journal_cannot_be_written(self):
        self.fail_everywhere("folder over", "write", "EIO")

    def test_a_file_does_not_get_its_size(self):
        self.fail_everywhere("folder over", "ftruncate", "EIO")

    def test_the_disk_does_not_take_what_was_written(self):
        self.fail_everywhere("folder over", "fdatasync", "EIO")

    def test_closing_a_file_fails(self):
        self.fail_everywhere("folder over", "close", "EIO")

    def test_a_folder_cannot_be_made_durable(self):
        self.fail_everywhere("folder over", "fsync", "EIO")

    def test_a_rename_fails(self):
        self.fail_everywhere("folder over", "renameat2", "EIO")
        self.clear()
        self.fail_everywhere("file over", "rename", "EIO")

    def test_what_is_not_needed_any_more_cannot_be_removed(self):
        self.fail_everywhere("folder over", "unlink", "EIO")
        self.fail_everywhere("folder over", "rmdir", "EIO")

    def test_no_more_files_can_be_opened(self):
        self.fail_everywhere("folder over", "open", "EMFILE")

    def test_an_input_cannot_be_read(self):
        self.fail_everywhere("file", "pread", "EIO")
