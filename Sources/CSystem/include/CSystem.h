// What Swift's Glibc module leaves out because it needs _GNU_SOURCE.
#ifndef GPUMERGE_CSYSTEM_H
#define GPUMERGE_CSYSTEM_H

/// O_DIRECT: reads and writes without the page cache. Its value differs between architectures.
extern const int csystem_o_direct;

/// rename(2) that fails with EEXIST instead of replacing `to`.
int csystem_rename_noreplace(const char *from, const char *to);

#endif
