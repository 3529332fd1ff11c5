#define _GNU_SOURCE
#include "Internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DESCRIPTORS = 5 };

static int send_request(
    int helper, const struct martlet_request *head, const struct iovec *variables, size_t count,
    const int descriptors[DESCRIPTORS]) {
    struct iovec parts[MARTLET_VARIABLES_MAX + 1];
    parts[0] = (struct iovec){(void *)head, offsetof(struct martlet_request, variables)};
    memcpy(parts + 1, variables, count * sizeof *variables);
    union {
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
        struct cmsghdr alignment;
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = count + 1, .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(DESCRIPTORS * sizeof(int));
    memcpy(CMSG_DATA(rights), descriptors, DESCRIPTORS * sizeof(int));
    ssize_t sent;
    do {
        sent = sendmsg(helper, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
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
    int descriptors[DESCRIPTORS] = {run->input, run->output, run->error, run->event, sockets[1]};
    int result = send_request(
        helper, (const struct martlet_request *)head, variables, count, descriptors);
    int code = errno;
    close(sockets[1]);
    if (result == 0) return sockets[0];
    close(sockets[0]);
    errno = code;
    return -1;
}
