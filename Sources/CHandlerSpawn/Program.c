#define _GNU_SOURCE
#include "Internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// A piece of the event; on the stack that the child borrows.
enum { COPY_BYTES = 16384 };

static int limit(int resource, uint64_t value) {
    if (value == 0) return 0;
    // What we were given may be less already, and cannot be raised.
    struct rlimit both;
    if (getrlimit(resource, &both) < 0) return -1;
    if (both.rlim_max > value) both.rlim_max = value;
    both.rlim_cur = both.rlim_max;
    return setrlimit(resource, &both);
}

int martlet_become_user(const struct martlet_program *program, const char **step) {
    if (!program->has_user) return 0;
    // The system calls, not the library's: those are not for a child of vfork.
    *step = "setgroups";
    if (syscall(SYS_setgroups, program->groups_count, program->groups) < 0) return -1;
    *step = "setgid";
    if (syscall(SYS_setresgid, program->group, program->group, program->group) < 0) return -1;
    *step = "setuid";
    return (int)syscall(SYS_setresuid, program->user, program->user, program->user);
}

int martlet_reach_files_as_user(const struct martlet_program *program) {
    if (!program->has_user) return 0;
    if (syscall(SYS_setgroups, program->groups_count, program->groups) < 0) return -1;
    // These two answer who it was before and fail silently, so they are asked again, for nobody.
    syscall(SYS_setfsgid, program->group);
    syscall(SYS_setfsuid, program->user);
    if ((gid_t)syscall(SYS_setfsgid, -1) == program->group
        && (uid_t)syscall(SYS_setfsuid, -1) == program->user) {
        return 0;
    }
    errno = EPERM;
    return -1;
}

static int copy(int from, int to) {
    char piece[COPY_BYTES];
    ssize_t count;
    off_t offset = 0;
    while ((count = pread(from, piece, sizeof piece, offset)) > 0) {
        offset += count;
        for (ssize_t done = 0; done < count;) {
            ssize_t written = write(to, piece + done, (size_t)(count - done));
            if (written < 0) return -1;
            done += written;
        }
    }
    return (int)count;
}

// Runs in the child, which shares the keeper's memory until it executes: system calls only, and
// nothing is written but `failure` and what lies on this stack.
__attribute__((noreturn)) static void child(
    const struct martlet_keeper *keeper, volatile struct martlet_failure *failure) {
    const struct martlet_program *program = keeper->program;
#define STEP(name, call)              \
    if ((call) < 0) {                 \
        failure->step = name;         \
        failure->code = errno;        \
        _exit(127);                   \
    }
    STEP("setsid", setsid());
    for (int number = 1; number < _NSIG; number++) signal(number, SIG_DFL);
    // None of the three is below 3: nothing is overwritten before it is used.
    STEP("dup2", dup2(keeper->input, 0));
    STEP("dup2", dup2(keeper->output, 1));
    STEP("dup2", dup2(keeper->error, 2));
    const char *step = "";
    STEP(step, martlet_become_user(program, &step));
    STEP("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    STEP("mkdir", mkdirat(program->folder, keeper->folder_name, 0700));
    int folder = openat(
        program->folder, keeper->folder_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    STEP("open", folder);
    STEP("chdir", fchdir(folder));
    if (!program->is_worker) {
        int event = openat(
            folder, "event.json", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        STEP("open event.json", event);
        STEP("write event.json", copy(keeper->event, event));
    }
    struct rlimit none = {0, 0};
    STEP("setrlimit core", setrlimit(RLIMIT_CORE, &none));
    STEP("setrlimit memory", limit(RLIMIT_AS, program->memory_bytes_max));
    STEP("setrlimit file size", limit(RLIMIT_FSIZE, program->file_bytes_max));
    STEP("setrlimit files", limit(RLIMIT_NOFILE, program->files_max));
    // Counted for the user, so it is set once the user is the handler's own.
    STEP("setrlimit processes", limit(RLIMIT_NPROC, program->processes_max));
    unsigned own = 3;
    if (program->is_worker) {
        // Nothing else is needed any more, whatever has this number.
        STEP("dup2", keeper->event == 3 ? fcntl(3, F_SETFD, 0) : dup2(keeper->event, 3));
        own = 4;
    }
    STEP("close_range", (int)syscall(SYS_close_range, own, ~0u, 0u));
    sigset_t nothing;
    sigemptyset(&nothing);
    sigprocmask(SIG_SETMASK, &nothing, NULL);
    execve(program->path, program->arguments, keeper->environment);
    failure->step = "execve";
    failure->code = errno;
    _exit(127);
#undef STEP
}

pid_t martlet_program_start(
    const struct martlet_keeper *keeper, volatile struct martlet_failure *failure) {
    failure->step = NULL;
    // Every signal is blocked here, so none is handled in the child, on our memory.
    pid_t process = vfork();
    if (process == 0) child(keeper, failure);
    if (process < 0) {
        failure->step = "vfork";
        failure->code = errno;
        return -1;
    }
    if (!failure->step) return process;
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {
    }
    return -1;
}
