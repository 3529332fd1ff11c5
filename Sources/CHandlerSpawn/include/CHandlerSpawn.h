#ifndef CHANDLERSPAWN_H
#define CHANDLERSPAWN_H

#include <stdint.h>
#include <sys/types.h>

// How a program is to be started. Limits of 0 are not set.
struct martlet_program {
    // Absolute path; no search, no shell.
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    // The child's 0, 1 and 2; every other descriptor is closed.
    int input, output, error;
    uint64_t memory_bytes_max;
    uint64_t file_bytes_max;
    uint64_t files_max;
    uint64_t processes_max;
    // Where not 0, the child runs as this user and group, without supplementary groups.
    uid_t user;
    gid_t group;
};

// Starts the program in a session and process group of its own, with every signal at its default,
// no core files and no way to new privileges. Its process id, or -1 with errno; then `*step` names
// the call that failed.
pid_t martlet_spawn(const struct martlet_program *program, const char **step);

// A descriptor that polls readable once the process has ended; -1 with errno.
int martlet_pidfd(pid_t pid);

#endif
