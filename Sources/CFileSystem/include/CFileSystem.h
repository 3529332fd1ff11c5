#ifndef CFILESYSTEM_H
#define CFILESYSTEM_H

#include <stddef.h>
#include <stdint.h>

// What Glibc's Swift module hides behind _GNU_SOURCE, and what wants the processor's own
// instructions.

// CRC-32C of `length` bytes at `bytes`, going on from `crc` (0 at the start).
uint32_t martlet_crc32c(uint32_t crc, const void *bytes, size_t length);

// Copies `length` bytes of `from` (from `offset`) to the place where `to` stands, within the
// kernel where it can. 0, or -1 with errno.
int martlet_copy_range(int from, int64_t offset, int to, uint64_t length);

// Syncs the whole file system that `fd` is on. 0, or -1 with errno.
int martlet_syncfs(int fd);

// The kernel's number for the kind of file system that `path` is on. 0, or -1 with errno.
int martlet_file_system(const char *path, uint32_t *type);

#endif
