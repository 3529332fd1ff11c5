#define _GNU_SOURCE
#include "CHandlerSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct failure {
    int code;
    const char *step;
};

static int limit(int resource, uint64_t value) {
    if (value == 0) return 0;
    struct rlimit both = {value, value};
    return setrlimit(resource, &both);
}

// Runs in the child, which shares the parent's memory until it executes: system calls only, and
// nothing is written but `failure` and what lies on this stack.
__attribute__((noreturn)) static void child(
    const struct martlet_program *program, volatile struct failure *failure) {
#define STEP(name, call)              \
    if ((call) < 0) {                 \
        failure->step = name;         \
        failure->code = errno;        \
        _exit(127);                   \
    }
    STEP("setsid", setsid());
    for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
    // Three steps, so that no source is overwritten before it is used: up first, then down.
    int input = fcntl(program->input, F_DUPFD_CLOEXEC, 3);
    STEP("dup", input);
    int output = fcntl(program->output, F_DUPFD_CLOEXEC, 3);
    STEP("dup", output);
    int error = fcntl(program->error, F_DUPFD_CLOEXEC, 3);
    STEP("dup", error);
    STEP("dup2", dup2(input, 0));
    STEP("dup2", dup2(output, 1));
    STEP("dup2", dup2(error, 2));
    STEP("close_range", (int)syscall(SYS_close_range, 3u, ~0u, 0u));
    STEP("chdir", chdir(program->directory));
    struct rlimit none = {0, 0};
    STEP("setrlimit core", setrlimit(RLIMIT_CORE, &none));
    STEP("setrlimit memory", limit(RLIMIT_AS, program->memory_bytes_max));
    STEP("setrlimit file size", limit(RLIMIT_FSIZE, program->file_bytes_max));
    STEP("setrlimit files", limit(RLIMIT_NOFILE, program->files_max));
    if (program->user != 0) {
        // The system calls, not the library's: those would tell every thread of the parent.
        STEP("setgroups", (int)syscall(SYS_setgroups, 0, NULL));
        STEP("setgid", (int)syscall(SYS_setresgid, program->group, program->group, program->group));
        STEP("setuid", (int)syscall(SYS_setresuid, program->user, program->user, program->user));
    }
    // Counted for the user, so it is set once the user is the handler's own.
    STEP("setrlimit processes", limit(RLIMIT_NPROC, program->processes_max));
    STEP("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    sigset_t nothing;
    sigemptyset(&nothing);
    sigprocmask(SIG_SETMASK, &nothing, NULL);
    execve(program->path, program->arguments, program->environment);
    failure->step = "execve";
    failure->code = errno;
    _exit(127);
#undef STEP
}

pid_t martlet_spawn(const struct martlet_program *program, const char **step) {
    volatile struct failure failure = {0, NULL};
    sigset_t all, before;
    sigfillset(&all);
    // A handler that ran in the child would run on the parent's memory.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0) child(program, &failure);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        *step = "vfork";
        errno = code;
        return -1;
    }
    if (failure.step) {
        siginfo_t info;
        while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR) {
        }
        *step = failure.step;
        errno = failure.code;
        return -1;
    }
    return pid;
}

int martlet_pidfd(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0u); }
