#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

const int clinux_o_direct = O_DIRECT;

int clinux_rename_noreplace(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  // The file system cannot: a hard link does not replace anything, either.
  if (link(from, to) != 0) return -1;
  unlink(from);
  return 0;
}

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

void clinux_die_with_parent(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}
