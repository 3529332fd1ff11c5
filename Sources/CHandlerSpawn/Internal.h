#ifndef CHANDLERSPAWN_INTERNAL_H
#define CHANDLERSPAWN_INTERNAL_H

#include "CHandlerSpawn.h"

#include <stddef.h>

enum {
    // Of one request's text; the kernel takes single variables up to 128 KiB.
    MARTLET_VARIABLES_BYTES_MAX = 160 * 1024,
    MARTLET_VARIABLES_MAX = 64,
    MARTLET_ENVIRONMENT_MAX = 512,
    MARTLET_KEEPERS_MAX = 1024,
    // The time that the removal of a run's folder may take.
    MARTLET_REMOVAL_SECONDS_MAX = 10,
};

// What the server sends, with five descriptors: input, output, error, event, run. The variables
// follow, each with a NUL at its end.
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

// Keeper.c: the whole life of the process that looks after one run.
__attribute__((noreturn)) void martlet_keep(const struct martlet_keeper *keeper);

// Program.c: starts the program of `keeper`; its process id, or -1 with `*failure`.
pid_t martlet_program_start(
    const struct martlet_keeper *keeper, volatile struct martlet_failure *failure);
// Becomes the program's user for good, where it has one. 0, or -1 with errno and the step's name.
int martlet_become_user(const struct martlet_program *program, const char **step);

// Descendants.c: ends and reaps every process below this one but those in `spared` (children of
// ours) and what is below them. Returns when none is left.
void martlet_end_descendants(const pid_t *spared, size_t spared_count);

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
