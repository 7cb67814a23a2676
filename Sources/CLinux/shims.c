#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

const int clinux_o_direct = O_DIRECT;

int clinux_rename_noreplace(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  // The file system cannot: a hard link does not replace anything, either. A folder has none, so
  // whoever creates `to` between the last two calls loses.
  if (link(from, to) == 0) return unlink(from);
  if (errno == EEXIST) return -1;
  if (access(to, F_OK) == 0) {
    errno = EEXIST;
    return -1;
  }
  return rename(from, to);
}

int clinux_rename_exchange(const char *one, const char *other) {
  return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

int clinux_allocate(int descriptor, int64_t count) { return fallocate(descriptor, 0, 0, count); }

int clinux_lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

// How many pages are cached, by cachestat(2), Linux 6.5; the C library may be older than the kernel.
static int64_t ask_cachestat(int descriptor, int64_t offset, int64_t count) {
  struct {
    uint64_t offset, count;
  } range = {(uint64_t)offset, (uint64_t)count};
  struct {
    uint64_t cached, dirty, writeback, evicted, recently_evicted;
  } pages;
  const long cachestat_number = 451;
  if (syscall(cachestat_number, descriptor, &range, &pages, 0) != 0) return -1;
  return (int64_t)pages.cached;
}

// The same by mincore(2) of a mapping that is never touched, so that the file may shrink meanwhile. It says that
// all pages are there to whoever may not write to the file.
static int64_t ask_mincore(int descriptor, int64_t offset, int64_t count) {
  unsigned char pages[4096];
  const int64_t page = sysconf(_SC_PAGESIZE);
  int64_t cached = 0;
  while (count > 0) {
    const int64_t most = (int64_t)sizeof pages * page;
    const int64_t part = count < most ? count : most;
    void *mapping = mmap(0, (size_t)part, PROT_READ, MAP_SHARED, descriptor, offset);
    if (mapping == MAP_FAILED) return -1;
    const int status = mincore(mapping, (size_t)part, pages);
    munmap(mapping, (size_t)part);
    if (status != 0) return -1;
    for (int64_t index = 0; index * page < part; index++) cached += pages[index] & 1;
    offset += part;
    count -= part;
  }
  return cached;
}

int64_t clinux_cached_byte_count(int descriptor, int64_t offset, int64_t count) {
  int64_t pages = ask_cachestat(descriptor, offset, count);
  if (pages < 0) pages = ask_mincore(descriptor, offset, count);
  return pages < 0 ? -1 : pages * sysconf(_SC_PAGESIZE);
}

void clinux_share_allocator(void) {
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, 1);
#endif
}

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

void clinux_die_with_parent(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

typedef struct {
  void (*body)(const char *path, void *context);
  void *context;
} library_visit;

static int visit_library(struct dl_phdr_info *library, size_t size, void *data) {
  (void)size;
  const library_visit *visit = data;
  // Neither the program, whose name is empty, nor what the kernel provides.
  if (strchr(library->dlpi_name, '/')) visit->body(library->dlpi_name, visit->context);
  return 0;
}

void clinux_each_library(void (*body)(const char *path, void *context), void *context) {
  library_visit visit = {body, context};
  dl_iterate_phdr(visit_library, &visit);
}
