#define _GNU_SOURCE
#include "Internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

// MARK: Its beginning

static bool is_possible(const struct martlet_program *programs, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        size_t variables = 0;
        while (programs[i].environment[variables]) variables++;
        if (variables > MARTLET_ENVIRONMENT_MAX) return false;
        // A standard stream of the helper takes its place.
        if (programs[i].folder < 3) return false;
    }
    return count <= MARTLET_PROGRAMS_MAX;
}

// Bounds how long we wait for the helper. Whether it is there.
static bool is_there(int socket, bool *sees_processes) {
    struct timeval patience = {.tv_sec = MARTLET_HELPER_SECONDS_MAX};
    if (setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0
        || setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) {
        return false;
    }
    ssize_t count;
    do {
        count = recv(socket, sees_processes, sizeof *sees_processes, 0);
    } while (count < 0 && errno == EINTR);
    // It has ended instead.
    if (count == 0) errno = ECHILD;
    return count > 0;
}

int martlet_helper_start(
    const struct martlet_program *programs, uint32_t count, uint32_t running_max, pid_t *process,
    bool *sees_processes) {
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
    if (*process == 0) martlet_help(programs, count, running_max, sockets[1]);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(sockets[1]);
    if (*process >= 0) {
        if (is_there(sockets[0], sees_processes)) return sockets[0];
        code = errno;
        kill(*process, SIGKILL);
        waitpid(*process, NULL, 0);
    }
    close(sockets[0]);
    errno = code;
    return -1;
}

// MARK: A run

static int send_request(
    int helper, const struct martlet_request *head, const struct iovec *variables, size_t count,
    const int descriptors[MARTLET_DESCRIPTORS]) {
    struct iovec parts[MARTLET_VARIABLES_MAX + 1];
    parts[0] = (struct iovec){(void *)head, offsetof(struct martlet_request, variables)};
    memcpy(parts + 1, variables, count * sizeof *variables);
    union {
        char bytes[CMSG_SPACE(MARTLET_DESCRIPTORS * sizeof(int))];
        struct cmsghdr alignment;
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = count + 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(MARTLET_DESCRIPTORS * sizeof(int));
    memcpy(CMSG_DATA(rights), descriptors, MARTLET_DESCRIPTORS * sizeof(int));
    ssize_t sent;
    do {
        sent = sendmsg(helper, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    // Its queue is full, and was so for MARTLET_HELPER_SECONDS_MAX.
    if (sent < 0 && errno == EAGAIN) errno = ETIMEDOUT;
    return sent < 0 ? -1 : 0;
}

int martlet_run_start(int helper, const struct martlet_run *run) {
    struct iovec variables[MARTLET_VARIABLES_MAX];
    size_t count = 0, bytes = 0;
    for (; run->variables[count]; count++) {
        if (count == MARTLET_VARIABLES_MAX) break;
        size_t length = strlen(run->variables[count]) + 1;
        variables[count] = (struct iovec){run->variables[count], length};
        bytes += length;
    }
    if (run->variables[count] || bytes > MARTLET_VARIABLES_BYTES_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    // Only its two numbers are sent from here.
    uint32_t head[2] = {run->program, (uint32_t)bytes};
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) return -1;
    int descriptors[MARTLET_DESCRIPTORS] = {run->input, run->output, run->error, run->event, sockets[1]};
    int result = send_request(
        helper, (const struct martlet_request *)head, variables, count, descriptors);
    int code = errno;
    close(sockets[1]);
    if (result == 0) return sockets[0];
    close(sockets[0]);
    errno = code;
    return -1;
}
