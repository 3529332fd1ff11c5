#define _GNU_SOURCE
#include "Internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// Reaps whatever has ended. Whether the program has, and then its status.
static bool has_ended(pid_t program, int *status) {
    bool is_over = false;
    for (;;) {
        int one;
        pid_t ended = waitpid(-1, &one, WNOHANG);
        if (ended < 0 && errno == EINTR) continue;
        if (ended <= 0) return is_over;
        if (ended == program) {
            is_over = true;
            *status = one;
        }
    }
}

// Until the program has ended, its time is up, or nobody wants it any more.
static struct martlet_ending watch(
    const struct martlet_keeper *keeper, pid_t program, int signals) {
    struct martlet_ending ending = {.kind = MARTLET_RUN_ABANDONED};
    int64_t deadline = keeper->program->is_worker
        ? INT64_MAX
        : martlet_now_milliseconds() + keeper->program->timeout_milliseconds;
    bool is_time_up = false;
    for (;;) {
        int64_t left = deadline - martlet_now_milliseconds();
        if (left <= 0) {
            ending.kind = MARTLET_RUN_TIMED_OUT;
            if (is_time_up) return ending;
            is_time_up = true;
            deadline += keeper->program->grace_milliseconds;
            // Not reaped yet, so its number is still its own.
            kill(-program, SIGTERM);
            continue;
        }
        struct pollfd ends[] = {
            {.fd = signals, .events = POLLIN},
            {.fd = keeper->run, .events = POLLIN},
            {.fd = keeper->lifeline, .events = POLLIN},
        };
        if (poll(ends, 3, left > INT_MAX ? INT_MAX : (int)left) <= 0) continue;
        martlet_drain_signals(signals);
        int status;
        if (has_ended(program, &status)) {
            if (is_time_up) return ending;
            bool is_exit = WIFEXITED(status);
            ending.kind = is_exit ? MARTLET_RUN_EXITED : MARTLET_RUN_KILLED;
            ending.code = is_exit ? WEXITSTATUS(status) : WTERMSIG(status);
            return ending;
        }
        // The server says nothing here: it has let go, or has ended.
        if (ends[1].revents || ends[2].revents) return ending;
    }
}

void martlet_keep(const struct martlet_keeper *keeper) {
    const struct martlet_program *program = keeper->program;
    prctl(PR_SET_NAME, "martlet-keeper", 0, 0, 0);
    struct martlet_ending ending = {.kind = MARTLET_RUN_FAILED_TO_START};
    volatile struct martlet_failure failure = {0, NULL};
    pid_t process = -1;
    int kept[] = {
        0, 1, 2, keeper->run, keeper->lifeline, keeper->input, keeper->output, keeper->error,
        keeper->event, program->folder};
    int signals = -1;
    if (martlet_close_all_but(kept, sizeof kept / sizeof *kept) < 0
        || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0
        || (signals = martlet_child_signals()) < 0) {
        failure.step = "keeper";
        failure.code = errno;
    } else {
        process = martlet_program_start(keeper, &failure);
    }
    close(keeper->input);
    close(keeper->output);
    close(keeper->error);
    close(keeper->event);
    if (process >= 0) {
        ending = watch(keeper, process, signals);
    } else {
        ending.code = failure.code;
        strncpy(ending.step, failure.step, sizeof ending.step - 1);
    }
    bool is_done = martlet_end_descendants(
        NULL, 0, martlet_now_milliseconds() + MARTLET_ENDING_SECONDS_MAX * 1000);
    // With the user's rights, but never as the user: another run's processes could hold us up.
    ending.is_folder_left = martlet_reach_files_as_user(program) < 0
        || !martlet_remove_folder(program->folder, keeper->folder_name);
    martlet_send_ending(keeper->run, &ending);
    // What resisted is the helper's now.
    _exit(is_done ? 0 : 1);
}
