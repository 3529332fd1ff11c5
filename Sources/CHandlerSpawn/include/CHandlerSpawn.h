#ifndef CHANDLERSPAWN_H
#define CHANDLERSPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    // Runs at once that the helper has room for, whatever it is asked for.
    MARTLET_KEEPERS_MAX = 1024,
    // Programs that it may know.
    MARTLET_PROGRAMS_MAX = 1024,
    // What a run may take beyond its program's time and grace: to begin, to end what the program
    // started, to remove its folder. The helper then ends whoever keeps it, and the server waits no
    // longer: a keeper that is held up takes no place for good.
    MARTLET_KEEPER_SECONDS_MAX = 30,
    // For the helper to say that it is there, and to take a request: a helper that does neither is
    // stopped, or looks for processes, which takes seconds where /proc hides them.
    MARTLET_HELPER_SECONDS_MAX = 10,
};

// How a program is to be run. Limits of 0 are not set.
struct martlet_program {
    // Absolute path; no search, no shell.
    const char *path;
    char *const *arguments;
    // `NAME=value`. HOME and TMPDIR are added where they are missing: the run's folder.
    char *const *environment;
    // A folder of the program's user in which each run gets one of its own, opened by
    // `martlet_runs_folder`; and its path.
    int folder;
    const char *folder_path;
    // Until SIGTERM, and from there until SIGKILL.
    uint32_t timeout_milliseconds, grace_milliseconds;
    uint64_t memory_bytes_max;
    uint64_t file_bytes_max;
    uint64_t files_max;
    uint64_t processes_max;
    // Whether it runs as the user, group and supplementary groups below, instead of ours.
    bool has_user;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    uint32_t groups_count;
    // Whether it lives on until the server lets go of it: nothing is timed here, and what a run is
    // given as its event is not copied, but stays open as descriptor 3.
    bool is_worker;
};

// Opens the folder `name` in the folder at `path`, and makes it where it is missing. Follows no link
// in either's place. The descriptor only names the folder (O_PATH); -1 with errno.
int martlet_runs_folder(const char *path, const char *name);

// Makes `owner` the owner of an opened folder that is theirs already or `ours`; -1 with errno
// (EPERM: it is somebody else's).
int martlet_give_folder(int folder, uid_t ours, uid_t owner, gid_t group);

// Forks the helper that starts programs: those of `programs` and no others, at most `running_max`
// at once. What it is given is copied by the fork. Our end of its socket (closed on exec), and its
// process id in `*process`; -1 with errno. It ends when our end is closed, and its end closes when
// it ends. `*sees_processes`: whether /proc shows it the processes of others.
//
// The child allocates nothing and takes no lock, so a process with threads may call this too.
int martlet_helper_start(
    const struct martlet_program *programs, uint32_t count, uint32_t running_max, pid_t *process,
    bool *sees_processes);

// What a run is given beside its program's own.
struct martlet_run {
    // Its place in the table.
    uint32_t program;
    // `MARTLET_NAME=value`, with a null at the end; other names are refused.
    char *const *variables;
    // Its 0, 1 and 2, and what becomes `event.json` in its folder, from the start of the file (of a
    // worker: its 3).
    int input, output, error, event;
};

// Asks the helper for a run. Our end of the run's socket; -1 with errno (EMSGSIZE: the variables
// are too large; ETIMEDOUT: the helper takes no requests). Shutting down or closing it ends the run, with everything that it started.
int martlet_run_start(int helper, const struct martlet_run *run);

// How a run ended.
struct martlet_ending {
    enum {
        MARTLET_RUN_FAILED_TO_START,
        MARTLET_RUN_EXITED,
        MARTLET_RUN_KILLED,
        MARTLET_RUN_TIMED_OUT,
        MARTLET_RUN_ABANDONED,
    } kind;
    // An errno, an exit status or a signal.
    int32_t code;
    // Whether something of its folder could not be removed.
    bool is_folder_left;
    // The call that failed, where it did not start.
    char step[32];
};

// Takes the run's last word from its socket. 1 where it is there; 0 where the run has ended without
// one; -1 with errno (EAGAIN: not yet).
int martlet_run_end(int socket, struct martlet_ending *ending);

// An empty file without a name, closed on exec; -1 with errno.
int martlet_anonymous_file(void);

#endif
