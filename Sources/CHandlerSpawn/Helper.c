#define _GNU_SOURCE
#include "Internal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/capability.h>
#include <unistd.h>

enum { DESCRIPTORS = 5, PROGRAMS_MAX = 1024, PATH_BYTES = 4096 };

struct helper {
    const struct martlet_program *programs;
    uint32_t count, running_max;
    // To the server.
    int socket;
    int signals;
    // Read by the keepers, written by nobody: it ends with us.
    int lifeline[2];
    pid_t keepers[MARTLET_KEEPERS_MAX];
    size_t running;
    uint32_t runs;
};

// MARK: A run

static bool is_allowed(const char *variable) {
    static const char prefix[] = "MARTLET_";
    if (strncmp(variable, prefix, sizeof prefix - 1) != 0) return false;
    size_t length = strspn(variable, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    return length >= sizeof prefix && variable[length] == '=';
}

// Whether both set the same name.
static bool is_same_name(const char *one, const char *other) {
    size_t length = strcspn(one, "=");
    return strncmp(one, other, length) == 0 && other[length] == '=';
}

struct environment {
    char *entries[MARTLET_ENVIRONMENT_MAX + MARTLET_VARIABLES_MAX + 4];
    size_t count;
    char home[PATH_BYTES], temporary[PATH_BYTES], event[PATH_BYTES];
};

static bool sets(const struct environment *environment, const char *variable) {
    for (size_t i = 0; i < environment->count; i++) {
        if (is_same_name(variable, environment->entries[i])) return true;
    }
    return false;
}

static void add(struct environment *environment, char *variable) {
    // What stands there already is ours or the mail's, and wins.
    if (sets(environment, variable)) return;
    environment->entries[environment->count++] = variable;
}

// The mail's variables, then the configured ones, then what they left open. Whether that is possible.
static bool fill(
    struct environment *environment, const struct martlet_program *program, const char *folder_name,
    struct martlet_request *request) {
    environment->count = 0;
    int length = snprintf(
        environment->event, PATH_BYTES, "MARTLET_EVENT_FILE=%s/%s/event.json",
        program->folder_path, folder_name);
    if (length < 0 || length >= PATH_BYTES) return false;
    add(environment, environment->event);
    char *end = request->variables + request->variables_bytes;
    for (char *variable = request->variables; variable < end;
         variable += strlen(variable) + 1) {
        if (!is_allowed(variable) || environment->count > MARTLET_VARIABLES_MAX) return false;
        add(environment, variable);
    }
    for (size_t i = 0; program->environment[i]; i++) add(environment, program->environment[i]);
    snprintf(environment->home, PATH_BYTES, "HOME=%s/%s", program->folder_path, folder_name);
    add(environment, environment->home);
    snprintf(environment->temporary, PATH_BYTES, "TMPDIR=%s/%s", program->folder_path, folder_name);
    add(environment, environment->temporary);
    environment->entries[environment->count] = NULL;
    return true;
}

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

static void start(
    struct helper *helper, struct martlet_request *request, size_t bytes,
    const int descriptors[DESCRIPTORS]) {
    static struct environment environment;
    int run = descriptors[4];
    char name[32];
    snprintf(name, sizeof name, "%d-%u", (int)getpid(), ++helper->runs);
    if (!is_whole(helper, request, bytes)) return refuse(run, "request", EINVAL);
    const struct martlet_program *program = &helper->programs[request->program];
    if (!fill(&environment, program, name, request)) return refuse(run, "environment", EINVAL);
    if (helper->running >= helper->running_max || helper->running >= MARTLET_KEEPERS_MAX) {
        return refuse(run, "helper", EAGAIN);
    }
    pid_t keeper = fork();
    if (keeper < 0) return refuse(run, "fork", errno);
    if (keeper > 0) {
        helper->keepers[helper->running++] = keeper;
        return;
    }
    struct martlet_keeper kept = {
        .program = program, .environment = environment.entries, .folder_name = name,
        .input = descriptors[0], .output = descriptors[1], .error = descriptors[2],
        .event = descriptors[3], .run = run, .lifeline = helper->lifeline[0]};
    martlet_keep(&kept);
}

// MARK: The server's requests

// Takes the descriptors of a message. How many came; all are closed where there are too many.
static size_t descriptors_of(struct msghdr *message, int descriptors[DESCRIPTORS]) {
    size_t count = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int number;
            memcpy(&number, CMSG_DATA(part) + i * sizeof number, sizeof number);
            if (count < DESCRIPTORS) descriptors[count++] = number;
            else close(number);
        }
    }
    return count;
}

// Whether the server is still there.
static bool take(struct helper *helper) {
    static struct martlet_request request;
    union {
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
        struct cmsghdr alignment;
    } control;
    struct iovec part = {&request, sizeof request};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes};
    ssize_t bytes = recvmsg(helper->socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (bytes < 0) return errno == EINTR || errno == EAGAIN;
    if (bytes == 0) return false;
    int descriptors[DESCRIPTORS];
    size_t count = descriptors_of(&message, descriptors);
    if (count == DESCRIPTORS) {
        // A message that was cut is not whole.
        bool is_cut = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
        start(helper, &request, is_cut ? 0 : (size_t)bytes, descriptors);
    }
    for (size_t i = 0; i < count; i++) close(descriptors[i]);
    return true;
}

// MARK: Its children

// Takes leave of keepers that have ended. One that did not end by itself may have left something.
static void reap(struct helper *helper) {
    bool has_orphans = false;
    martlet_drain_signals(helper->signals);
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended < 0 && errno == EINTR) continue;
        if (ended <= 0) break;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) has_orphans = true;
        for (size_t i = 0; i < helper->running; i++) {
            if (helper->keepers[i] != ended) continue;
            helper->keepers[i] = helper->keepers[--helper->running];
            break;
        }
    }
    if (has_orphans) martlet_end_descendants(helper->keepers, helper->running);
}

static void serve(struct helper *helper) {
    for (;;) {
        struct pollfd ends[] = {
            {.fd = helper->socket, .events = POLLIN}, {.fd = helper->signals, .events = POLLIN}};
        if (poll(ends, 2, -1) < 0 && errno != EINTR) return;
        if (ends[1].revents) reap(helper);
        if (ends[0].revents && !take(helper)) return;
    }
}

// The keepers have been let go as we have, and end what they keep.
static void wait_for_keepers(struct helper *helper) {
    int64_t deadline = martlet_now_milliseconds() + 30000;
    while (helper->running > 0 && martlet_now_milliseconds() < deadline) {
        struct pollfd end = {.fd = helper->signals, .events = POLLIN};
        poll(&end, 1, 1000);
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
        const char *step;
        if (remover == 0) {
            _exit(martlet_become_user(program, &step) == 0 && martlet_empty_folder(program->folder)
                ? 0 : 1);
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
    int kept[PROGRAMS_MAX + 1];
    size_t count = 0;
    kept[count++] = helper->socket;
    for (uint32_t i = 0; i < helper->count; i++) kept[count++] = helper->programs[i].folder;
    for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
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

__attribute__((noreturn)) static void live(
    const struct martlet_program *programs, uint32_t count, uint32_t running_max, int socket) {
    static struct helper helper;
    helper.programs = programs;
    helper.count = count;
    helper.running_max = running_max;
    helper.socket = socket;
    if (!prepare(&helper)) _exit(1);
    remove_leftovers(&helper);
    serve(&helper);
    close(helper.socket);
    close(helper.lifeline[1]);
    wait_for_keepers(&helper);
    _exit(0);
}

static bool is_possible(const struct martlet_program *programs, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        size_t variables = 0;
        while (programs[i].environment[variables]) variables++;
        if (variables > MARTLET_ENVIRONMENT_MAX) return false;
        // A standard stream of the helper takes its place.
        if (programs[i].folder < 3) return false;
    }
    return count <= PROGRAMS_MAX;
}

int martlet_helper_start(
    const struct martlet_program *programs, uint32_t count, uint32_t running_max, pid_t *process) {
    int sockets[2];
    if (!is_possible(programs, count)) {
        errno = EINVAL;
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) return -1;
    sigset_t all, before;
    sigfillset(&all);
    // No handler of ours runs in the child.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    *process = fork();
    if (*process == 0) live(programs, count, running_max, sockets[1]);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(sockets[1]);
    if (*process >= 0) return sockets[0];
    close(sockets[0]);
    errno = code;
    return -1;
}
