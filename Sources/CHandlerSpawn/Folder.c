#define _GNU_SOURCE
#include "Internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    // Of a folder's list that one call gives.
    ENTRIES_BYTES = 32768,
    // Names that are taken already: whoever fills a folder with them keeps it.
    NAME_TRIES_MAX = 100,
};

static bool is_dot(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

// Opens the folder `name`, which its owner may have closed to itself.
static int open_folder(int parent, const char *name) {
    (void)fchmodat(parent, name, 0700, 0);
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool rename_upwards(int from, const char *name, int to, unsigned *number) {
    char fresh[32];
    (void)fchmodat(from, name, 0700, 0);
    for (int tries = 0; tries < NAME_TRIES_MAX; tries++) {
        snprintf(fresh, sizeof fresh, ".removed-%u", (*number)++);
        if (renameat2(from, name, to, fresh, RENAME_NOREPLACE) == 0) return true;
        if (errno != EEXIST) return false;
    }
    return false;
}

// Empties the folder `name` of `top`: its files go, its folders come up into `top`. So neither depth
// nor breadth costs descriptors or memory. Whether anything went.
static bool lift(int top, const char *name, unsigned *number) {
    static char entries[ENTRIES_BYTES] __attribute__((aligned(8)));
    int folder = open_folder(top, name);
    if (folder < 0) return false;
    bool is_changed = false;
    long bytes;
    while ((bytes = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
        for (long at = 0; at < bytes;) {
            struct dirent64 *entry = (struct dirent64 *)(entries + at);
            at += entry->d_reclen;
            if (is_dot(entry->d_name)) continue;
            is_changed |= unlinkat(folder, entry->d_name, 0) == 0
                || rename_upwards(folder, entry->d_name, top, number);
        }
    }
    close(folder);
    return is_changed;
}

static bool empty(int top) {
    static char entries[ENTRIES_BYTES] __attribute__((aligned(8)));
    int64_t deadline = martlet_now_milliseconds() + MARTLET_REMOVAL_SECONDS_MAX * 1000;
    unsigned number = 0;
    for (;;) {
        bool is_empty = true, is_changed = false;
        lseek(top, 0, SEEK_SET);
        long bytes;
        while ((bytes = syscall(SYS_getdents64, top, entries, sizeof entries)) > 0) {
            for (long at = 0; at < bytes;) {
                struct dirent64 *entry = (struct dirent64 *)(entries + at);
                at += entry->d_reclen;
                if (is_dot(entry->d_name)) continue;
                is_empty = false;
                if (unlinkat(top, entry->d_name, 0) == 0) {
                    is_changed = true;
                } else {
                    is_changed |= lift(top, entry->d_name, &number);
                    is_changed |= unlinkat(top, entry->d_name, AT_REMOVEDIR) == 0;
                }
                if (martlet_now_milliseconds() > deadline) return false;
            }
        }
        if (is_empty) return bytes == 0;
        if (!is_changed) return false;
    }
}

bool martlet_empty_folder(int folder) {
    int opened = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return false;
    bool is_empty = empty(opened);
    close(opened);
    return is_empty;
}

bool martlet_remove_folder(int parent, const char *name) {
    int folder = open_folder(parent, name);
    if (folder < 0) return unlinkat(parent, name, 0) == 0 || errno == ENOENT;
    bool is_empty = empty(folder);
    close(folder);
    return is_empty && unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

int martlet_runs_folder(const char *path, const char *name) {
    int parent = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (parent < 0) return -1;
    int folder = -1;
    if (mkdirat(parent, name, 0700) == 0 || errno == EEXIST) {
        folder = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    int code = errno;
    close(parent);
    errno = code;
    return folder;
}

int martlet_give_folder(int folder, uid_t ours, uid_t owner, gid_t group) {
    struct stat status;
    if (fstat(folder, &status) < 0) return -1;
    if (status.st_uid == owner) return 0;
    if (status.st_uid == ours) return fchownat(folder, "", owner, group, AT_EMPTY_PATH);
    errno = EPERM;
    return -1;
}
