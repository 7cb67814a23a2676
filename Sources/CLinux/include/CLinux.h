// What Swift's Glibc module leaves out because it needs _GNU_SOURCE, or whose name means two things.
#ifndef GPUMERGE_CLINUX_H
#define GPUMERGE_CLINUX_H

#include <stdint.h>

/// O_DIRECT: reads and writes without the page cache. Its value differs between architectures.
extern const int clinux_o_direct;

/// rename(2) that fails with EEXIST instead of replacing `to`.
int clinux_rename_noreplace(const char *from, const char *to);

/// Lets two names change places, at once. EINVAL or ENOSYS where the file system cannot.
int clinux_rename_exchange(const char *one, const char *other);

/// fallocate(2): reserves the room for a file of `count` bytes. EOPNOTSUPP where that cannot be.
int clinux_allocate(int descriptor, int64_t count);

/// flock(2), exclusive and without waiting: EWOULDBLOCK if another process holds it.
int clinux_lock(int descriptor);

/// How much of a range of a file is in the page cache, in whole pages; -1 if the system does not tell.
///
/// Nothing is read, neither now nor ahead. `offset` is a multiple of the page size.
int64_t clinux_cached_byte_count(int descriptor, int64_t offset, int64_t count);

/// Keeps the C library from reserving address space for each thread's allocations, if it does.
void clinux_share_allocator(void);

/// pipe2(2) with O_CLOEXEC.
int clinux_pipe(int ends[2]);

/// Ends this process when the one that started it ends, and leaves no core file if it crashes.
void clinux_die_with_parent(void);

/// Calls `body` with the path of every shared library of this process, as it was opened, and with `context`.
void clinux_each_library(void (*body)(const char *path, void *context), void *context);

#endif
