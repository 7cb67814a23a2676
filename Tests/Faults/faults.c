// System calls that fail, end the process, do less than they are asked to or take their time: for
// LD_PRELOAD. Calls are counted in all threads together, which strace does not do.
//
// FAULTS       call:error:first:count:path,...: `count` calls from the `first` on fail with this errno;
//              -1 kills the process instead. No count means all. Only files whose path contains `path`.
// FAULT_MARK   a file that gets a byte for each of them.
// FAULT_SHORT  reads and writes do less than they are asked to.
// FAULT_DELAY  milliseconds that reads of more than a header take.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static struct fault {
  char call[16], path[256];
  int error, first, count, calls;
} faults[8];
static int fault_count;

__attribute__((constructor)) static void parse(void) {
  const char *text = getenv("FAULTS");
  while (text && *text && fault_count < 8) {
    struct fault *f = &faults[fault_count++];
    if (sscanf(text, "%15[^:]:%d:%d:%d:%255[^,]", f->call, &f->error, &f->first, &f->count,
               f->path) < 4) {
      abort();
    }
    text = strchr(text, ',');
    text = text ? text + 1 : NULL;
  }
}

static void mark(void) {
  const char *path = getenv("FAULT_MARK");
  if (!path) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (file < 0) return;
  syscall(SYS_write, file, "x", 1);
  syscall(SYS_close, file);
}

// Whether this call fails; errno is set then.
static int fails(const char *call, const char *path) {
  for (struct fault *f = faults; f < faults + fault_count; f++) {
    if (strcmp(f->call, call) || (*f->path && !strstr(path, f->path))) continue;
    int number = __atomic_add_fetch(&f->calls, 1, __ATOMIC_SEQ_CST);
    if (number < f->first || (f->count && number >= f->first + f->count)) continue;
    if (f->error < 0) {
      kill(getpid(), SIGKILL);
      for (;;) pause();
    }
    mark();
    errno = f->error;
    return 1;
  }
  return 0;
}

// The same for a descriptor. Only files count: pipes and event counters are the runtime's.
static int file_fails(const char *call, int file) {
  struct stat status;
  if (!fault_count || fstat(file, &status) ||
      !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
    return 0;
  }
  char link[32], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  return fails(call, path);
}

// Sizes from 1 to 4099, so that most ends are not where pages end.
static size_t less(size_t count) {
  static unsigned calls;
  if (!getenv("FAULT_SHORT")) return count;
  size_t limit = 1 + __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) * 2654435761u % 4099;
  return count < limit ? count : limit;
}

static size_t delayed(size_t count) {
  const char *milliseconds = getenv("FAULT_DELAY");
  if (milliseconds && count > 4096) usleep((useconds_t)atoi(milliseconds) * 1000);
  return less(count);
}

#define OPEN(name, ...)                                          \
  va_list arguments;                                             \
  va_start(arguments, flags);                                    \
  mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0; \
  va_end(arguments);                                             \
  return fails("open", path) ? -1 : REAL(name)(__VA_ARGS__, mode)

int open(const char *path, int flags, ...) { OPEN(open, path, flags); }
int open64(const char *path, int flags, ...) { OPEN(open64, path, flags); }
int openat(int folder, const char *path, int flags, ...) { OPEN(openat, folder, path, flags); }
int openat64(int folder, const char *path, int flags, ...) { OPEN(openat64, folder, path, flags); }

// WRAP(type, name, parameters, whether it fails, arguments)
#define WRAP(type, name, parameters, failing, ...) \
  type name parameters { return (failing) ? -1 : REAL(name)(__VA_ARGS__); }

WRAP(int, mkdir, (const char *path, mode_t mode), fails("mkdir", path), path, mode)
WRAP(int, rmdir, (const char *path), fails("rmdir", path), path)
WRAP(int, unlink, (const char *path), fails("unlink", path), path)
WRAP(int, link, (const char *from, const char *to), fails("link", to), from, to)
WRAP(int, rename, (const char *from, const char *to), fails("rename", to), from, to)
WRAP(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
     fails("renameat2", to), a, from, b, to, flags)
WRAP(int, ftruncate, (int file, off_t size), file_fails("ftruncate", file), file, size)
WRAP(int, ftruncate64, (int file, off64_t size), file_fails("ftruncate", file), file, size)
WRAP(int, fallocate, (int file, int mode, off_t at, off_t size), file_fails("fallocate", file),
     file, mode, at, size)
WRAP(int, fallocate64, (int file, int mode, off64_t at, off64_t size),
     file_fails("fallocate", file), file, mode, at, size)
WRAP(int, flock, (int file, int operation), file_fails("flock", file), file, operation)
WRAP(int, fdatasync, (int file), file_fails("fdatasync", file), file)
WRAP(int, fsync, (int file), file_fails("fsync", file), file)
WRAP(ssize_t, write, (int file, const void *bytes, size_t count), file_fails("write", file), file,
     bytes, less(count))
WRAP(ssize_t, pread, (int file, void *bytes, size_t count, off_t offset), file_fails("pread", file),
     file, bytes, delayed(count), offset)
WRAP(ssize_t, pread64, (int file, void *bytes, size_t count, off64_t offset),
     file_fails("pread", file), file, bytes, delayed(count), offset)
WRAP(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t offset),
     file_fails("pwrite", file), file, bytes, less(count), offset)
WRAP(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t offset),
     file_fails("pwrite", file), file, bytes, less(count), offset)

// The descriptor is gone, whatever close says.
int close(int file) {
  int failed = file_fails("close", file), error = errno;
  int status = REAL(close)(file);
  if (failed) errno = error;
  return failed ? -1 : status;
}
