#define _GNU_SOURCE
#include "Internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/capability.h>
#include <unistd.h>

enum {
    // What a keeper left that had to be ended is looked for so long; the next request waits for it.
    ORPHANS_SECONDS_MAX = 1,
    // Then what has resisted is tried again.
    AGAIN_MILLISECONDS = 1000,
};

struct helper {
    const struct martlet_program *programs;
    uint32_t count, running_max;
    // To the server.
    int socket;
    int signals;
    // Read by the keepers, written by nobody: it ends with us.
    int lifeline[2];
    // And until when each may take.
    pid_t keepers[MARTLET_KEEPERS_MAX];
    int64_t deadlines[MARTLET_KEEPERS_MAX];
    // Of a worker, which has no deadline until the server lets go of it: its run's socket; else -1.
    int runs[MARTLET_KEEPERS_MAX];
    size_t running;
    // Whether something is below us that no keeper keeps.
    bool has_orphans;
};

// MARK: A run

static void refuse(int run, const char *step, int code) {
    struct martlet_ending ending = {.kind = MARTLET_RUN_FAILED_TO_START, .code = code};
    strncpy(ending.step, step, sizeof ending.step - 1);
    martlet_send_ending(run, &ending);
}

// Whether the text is what it says to be: so much of it, and a NUL at its end.
static bool is_whole(const struct helper *helper, const struct martlet_request *request, size_t bytes) {
    size_t head = offsetof(struct martlet_request, variables);
    return bytes >= head && request->variables_bytes == bytes - head
        && (request->variables_bytes == 0
            || request->variables[request->variables_bytes - 1] == 0)
        && request->program < helper->count;
}

// Whether the server still waits for it. One that we took too late would be given a cut mail.
static bool is_wanted(int run) {
    struct pollfd end = {.fd = run, .events = POLLIN | POLLRDHUP};
    return poll(&end, 1, 0) == 0;
}

static void keep(
    struct helper *helper, pid_t keeper, const struct martlet_program *program, int run) {
    helper->keepers[helper->running] = keeper;
    helper->runs[helper->running] = run;
    helper->deadlines[helper->running] = program->is_worker
        ? INT64_MAX
        : martlet_now_milliseconds() + program->timeout_milliseconds
            + program->grace_milliseconds + MARTLET_KEEPER_SECONDS_MAX * 1000;
    helper->running++;
}

// Takes leave of a keeper.
static void drop(struct helper *helper, size_t place) {
    if (helper->runs[place] >= 0) close(helper->runs[place]);
    size_t last = --helper->running;
    helper->keepers[place] = helper->keepers[last];
    helper->deadlines[place] = helper->deadlines[last];
    helper->runs[place] = helper->runs[last];
}

// The server has let go of workers: their keepers have so long to end them. `ends` is what poll(2)
// says of `runs`.
static void note_let_go(struct helper *helper, const struct pollfd *ends) {
    for (size_t i = 0; i < helper->running; i++) {
        if (helper->runs[i] < 0 || !ends[i].revents) continue;
        close(helper->runs[i]);
        helper->runs[i] = -1;
        helper->deadlines[i] = martlet_now_milliseconds() + MARTLET_KEEPER_SECONDS_MAX * 1000;
    }
}

// A name that nobody makes before us: the handlers of one user share the folder that it lies in.
static bool name_folder(char name[MARTLET_NAME_BYTES]) {
    unsigned char random[(MARTLET_NAME_BYTES - 1) / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) return false;
    for (size_t i = 0; i < sizeof random; i++) sprintf(name + 2 * i, "%02x", random[i]);
    return true;
}

static void start(
    struct helper *helper, struct martlet_request *request, size_t bytes,
    const int descriptors[MARTLET_DESCRIPTORS]) {
    static struct martlet_environment environment;
    int run = descriptors[4];
    if (!is_wanted(run)) return;
    char name[MARTLET_NAME_BYTES];
    if (!name_folder(name)) return refuse(run, "getrandom", errno);
    if (!is_whole(helper, request, bytes)) return refuse(run, "request", EINVAL);
    const struct martlet_program *program = &helper->programs[request->program];
    if (!martlet_fill_environment(&environment, program, name, request)) {
        return refuse(run, "environment", EINVAL);
    }
    if (helper->running >= helper->running_max || helper->running >= MARTLET_KEEPERS_MAX) {
        return refuse(run, "helper", EAGAIN);
    }
    int watched = program->is_worker ? fcntl(run, F_DUPFD_CLOEXEC, 3) : -1;
    if (program->is_worker && watched < 0) return refuse(run, "dup", errno);
    pid_t keeper = fork();
    if (keeper < 0) {
        refuse(run, "fork", errno);
        if (watched >= 0) close(watched);
        return;
    }
    if (keeper > 0) return keep(helper, keeper, program, watched);
    struct martlet_keeper kept = {
        .program = program, .environment = environment.entries, .folder_name = name,
        .input = descriptors[0], .output = descriptors[1], .error = descriptors[2],
        .event = descriptors[3], .run = run, .lifeline = helper->lifeline[0]};
    martlet_keep(&kept);
}

// MARK: The server's requests

// Takes the descriptors of a message. How many came; all are closed where there are too many.
static size_t descriptors_of(struct msghdr *message, int descriptors[MARTLET_DESCRIPTORS]) {
    size_t count = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int number;
            memcpy(&number, CMSG_DATA(part) + i * sizeof number, sizeof number);
            if (count < MARTLET_DESCRIPTORS) descriptors[count++] = number;
            else close(number);
        }
    }
    return count;
}

// Whether the server is still there.
static bool take(struct helper *helper) {
    static struct martlet_request request;
    union {
        char bytes[CMSG_SPACE(MARTLET_DESCRIPTORS * sizeof(int))];
        struct cmsghdr alignment;
    } control;
    struct iovec part = {&request, sizeof request};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes};
    ssize_t bytes = recvmsg(helper->socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (bytes < 0) return errno == EINTR || errno == EAGAIN;
    if (bytes == 0) return false;
    int descriptors[MARTLET_DESCRIPTORS];
    size_t count = descriptors_of(&message, descriptors);
    if (count == MARTLET_DESCRIPTORS) {
        // A message that was cut is not whole.
        bool is_cut = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
        start(helper, &request, is_cut ? 0 : (size_t)bytes, descriptors);
    }
    for (size_t i = 0; i < count; i++) close(descriptors[i]);
    return true;
}

// MARK: Its children

// Takes leave of keepers that have ended, and of what they left: one that did not end well may have
// left something.
static void reap(struct helper *helper) {
    martlet_drain_signals(helper->signals);
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended < 0 && errno == EINTR) continue;
        if (ended <= 0) break;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) helper->has_orphans = true;
        for (size_t i = 0; i < helper->running; i++) {
            if (helper->keepers[i] != ended) continue;
            drop(helper, i);
            break;
        }
    }
    if (!helper->has_orphans) return;
    helper->has_orphans = !martlet_end_descendants(
        helper->keepers, helper->running,
        martlet_now_milliseconds() + ORPHANS_SECONDS_MAX * 1000);
}

// Ends keepers whose time is up. How long there is nothing of this kind to do; -1: for good.
static int end_overdue(struct helper *helper) {
    int64_t now = martlet_now_milliseconds();
    int64_t next = helper->has_orphans ? now + AGAIN_MILLISECONDS : INT64_MAX;
    for (size_t i = 0; i < helper->running; i++) {
        if (helper->deadlines[i] <= now) {
            // A child of ours until we reap it, so its number is still its own.
            kill(helper->keepers[i], SIGKILL);
            helper->deadlines[i] = now + AGAIN_MILLISECONDS;
        }
        if (helper->deadlines[i] < next) next = helper->deadlines[i];
    }
    if (next == INT64_MAX) return -1;
    return next - now > INT_MAX ? INT_MAX : (int)(next - now);
}

static void serve(struct helper *helper) {
    static struct pollfd ends[2 + MARTLET_KEEPERS_MAX];
    for (;;) {
        ends[0] = (struct pollfd){.fd = helper->socket, .events = POLLIN};
        ends[1] = (struct pollfd){.fd = helper->signals, .events = POLLIN};
        for (size_t i = 0; i < helper->running; i++) {
            ends[2 + i] = (struct pollfd){.fd = helper->runs[i], .events = POLLRDHUP};
        }
        int count = poll(ends, 2 + helper->running, end_overdue(helper));
        if (count < 0 && errno != EINTR) return;
        note_let_go(helper, ends + 2);
        if (ends[1].revents || helper->has_orphans) reap(helper);
        if (ends[0].revents && !take(helper)) return;
    }
}

// The keepers have been let go as we have, and end what they keep; those that do not in time are
// ended. Twice that time, and what cannot be ended is left.
static void wait_for_keepers(struct helper *helper) {
    int64_t deadline = martlet_now_milliseconds() + MARTLET_KEEPER_SECONDS_MAX * 1000;
    for (size_t i = 0; i < helper->running; i++) {
        if (helper->deadlines[i] > deadline) helper->deadlines[i] = deadline;
    }
    deadline += MARTLET_KEEPER_SECONDS_MAX * 1000;
    while ((helper->running > 0 || helper->has_orphans)
           && martlet_now_milliseconds() < deadline) {
        struct pollfd end = {.fd = helper->signals, .events = POLLIN};
        poll(&end, 1, end_overdue(helper));
        reap(helper);
    }
}

// MARK: Its beginning

// What earlier runs left, where the machine or the helper ended before them.
static void remove_leftovers(const struct helper *helper) {
    for (uint32_t i = 0; i < helper->count; i++) {
        const struct martlet_program *program = &helper->programs[i];
        bool is_done = false;
        for (uint32_t j = 0; j < i; j++) is_done |= helper->programs[j].folder == program->folder;
        if (is_done) continue;
        pid_t remover = fork();
        if (remover == 0) {
            bool is_theirs = martlet_reach_files_as_user(program) == 0;
            _exit(is_theirs && martlet_empty_folder(program->folder) ? 0 : 1);
        }
        while (remover > 0 && waitpid(remover, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

// To become another user and to end its processes is all that is left of root. A program that is
// to run as root itself needs the rest.
static int keep_few_capabilities(const struct helper *helper) {
    if (geteuid() != 0) return 0;
    for (uint32_t i = 0; i < helper->count; i++) {
        if (!helper->programs[i].has_user) return 0;
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    uint32_t kept = 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL;
    struct __user_cap_data_struct data[2], before[2];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, before) < 0) return -1;
    data[0].effective = data[0].permitted = kept & before[0].permitted;
    return (int)syscall(SYS_capset, &header, data);
}

static bool prepare(struct helper *helper) {
    int kept[MARTLET_PROGRAMS_MAX + 1];
    size_t count = 0;
    kept[count++] = helper->socket;
    for (uint32_t i = 0; i < helper->count; i++) kept[count++] = helper->programs[i].folder;
    for (int number = 1; number < _NSIG; number++) signal(number, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, "martlet-helper", 0, 0, 0);
    // Nobody of the same user looks into us.
    return setsid() >= 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
        && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        && martlet_close_all_but(kept, count) == 0 && martlet_detach_standard_streams() == 0
        && pipe(helper->lifeline) == 0 && (helper->signals = martlet_child_signals()) >= 0
        && keep_few_capabilities(helper) == 0;
}

void martlet_help(
    const struct martlet_program *programs, uint32_t count, uint32_t running_max, int socket) {
    static struct helper helper;
    helper.programs = programs;
    helper.count = count;
    helper.running_max = running_max;
    helper.socket = socket;
    if (!prepare(&helper)) _exit(1);
    bool sees_processes = martlet_sees_processes();
    (void)send(socket, &sees_processes, sizeof sees_processes, MSG_NOSIGNAL);
    remove_leftovers(&helper);
    serve(&helper);
    close(helper.socket);
    close(helper.lifeline[1]);
    wait_for_keepers(&helper);
    _exit(0);
}
