// What Swift's Glibc module leaves out because it needs _GNU_SOURCE.
#ifndef GPUMERGE_CLINUX_H
#define GPUMERGE_CLINUX_H

/// O_DIRECT: reads and writes without the page cache. Its value differs between architectures.
extern const int clinux_o_direct;

/// rename(2) that fails with EEXIST instead of replacing `to`.
int clinux_rename_noreplace(const char *from, const char *to);

/// pipe2(2) with O_CLOEXEC.
int clinux_pipe(int ends[2]);

/// Ends this process when the one that started it ends, and leaves no core file if it crashes.
void clinux_die_with_parent(void);

#endif
