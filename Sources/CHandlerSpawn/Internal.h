#ifndef CHANDLERSPAWN_INTERNAL_H
#define CHANDLERSPAWN_INTERNAL_H

#include "CHandlerSpawn.h"

#include <stddef.h>

enum {
    // With a request: input, output, error, event, run.
    MARTLET_DESCRIPTORS = 5,
    // Of one request's text; the kernel takes single variables up to 128 KiB.
    MARTLET_VARIABLES_BYTES_MAX = 160 * 1024,
    // More than the mail's essentials, and than anybody configures; so the table of one run's
    // variables has a fixed size.
    MARTLET_VARIABLES_MAX = 64,
    MARTLET_ENVIRONMENT_MAX = 512,
    // Of a path that stands in a run's environment.
    MARTLET_PATH_BYTES = 4096,
    // A run's folder is named by 16 random bytes, in hexadecimal.
    MARTLET_NAME_BYTES = 33,
    // Of a keeper's last work, to end what its run started and to remove the run's folder. Together
    // they are less than MARTLET_KEEPER_SECONDS_MAX.
    MARTLET_ENDING_SECONDS_MAX = 10,
    MARTLET_REMOVAL_SECONDS_MAX = 10,
};

// What the server sends, with its descriptors. The variables follow, each with a NUL at its end.
struct martlet_request {
    uint32_t program;
    uint32_t variables_bytes;
    char variables[MARTLET_VARIABLES_BYTES_MAX];
};

// One run, as its keeper sees it.
struct martlet_keeper {
    const struct martlet_program *program;
    // The whole environment, the folder's name within the program's, and what is open for it.
    char *const *environment;
    const char *folder_name;
    int input, output, error, event, run;
    // Becomes readable when the helper has ended.
    int lifeline;
};

struct martlet_failure {
    int code;
    const char *step;
};

// Helper.c: the whole life of the process that starts programs. `socket` leads to the server.
__attribute__((noreturn)) void martlet_help(
    const struct martlet_program *programs, uint32_t count, uint32_t running_max, int socket);

// Keeper.c: the whole life of the process that looks after one run.
__attribute__((noreturn)) void martlet_keep(const struct martlet_keeper *keeper);

// Program.c: starts the program of `keeper`; its process id, or -1 with `*failure`.
pid_t martlet_program_start(
    const struct martlet_keeper *keeper, volatile struct martlet_failure *failure);
// Becomes the program's user for good, where it has one. 0, or -1 with errno and the step's name.
int martlet_become_user(const struct martlet_program *program, const char **step);
// From here on files are reached with the rights of the program's user alone, where it has one. The
// process stays who it is for everything else, and so nobody of that user may stop it (kill(2)) or
// slow it down (sched_setaffinity(2), setpriority(2)). 0, or -1 with errno.
int martlet_reach_files_as_user(const struct martlet_program *program);

// Environment.c: the variables of one run, and what they point to.
struct martlet_environment {
    // The event's, HOME, TMPDIR, and the null at the end come to the others.
    char *entries[MARTLET_ENVIRONMENT_MAX + MARTLET_VARIABLES_MAX + 4];
    size_t count;
    char home[MARTLET_PATH_BYTES], temporary[MARTLET_PATH_BYTES], event[MARTLET_PATH_BYTES];
};
// The mail's variables, then the configured ones, then what they left open. Whether that is
// possible.
bool martlet_fill_environment(
    struct martlet_environment *environment, const struct martlet_program *program,
    const char *folder_name, struct martlet_request *request);

// Descendants.c: ends and reaps every process below this one but those in `spared` (children of
// ours) and what is below them. Returns when none is left, or, after a round at least, when the
// time (of `martlet_now_milliseconds`) is past the deadline. Whether none is left.
bool martlet_end_descendants(const pid_t *spared, size_t spared_count, int64_t deadline);
// Whether /proc shows the processes of others. Where it does not, descendants are looked for by
// number, which takes longer and cannot stop them all before it kills the first.
bool martlet_sees_processes(void);

// Folder.c: removes the folder `name` in `parent` with all that is in it, or all that is in
// `folder`; follows no link, and gives up after a time. Whether nothing is left.
bool martlet_remove_folder(int parent, const char *name);
bool martlet_empty_folder(int folder);

// Processes.c
// Closes everything but `kept`, which is sorted here. -1 with errno.
int martlet_close_all_but(int *kept, size_t count);
// Puts /dev/null at 0, 1 and 2.
int martlet_detach_standard_streams(void);
int64_t martlet_now_milliseconds(void);
// A descriptor that is readable when a child has ended; SIGCHLD has to be blocked.
int martlet_child_signals(void);
void martlet_drain_signals(int signals);
void martlet_send_ending(int run, const struct martlet_ending *ending);

#endif
