#define _GNU_SOURCE
#include "Internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int martlet_close_all_but(int *kept, size_t count) {
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && kept[j - 1] > kept[j]; j--) {
            int other = kept[j];
            kept[j] = kept[j - 1];
            kept[j - 1] = other;
        }
    }
    unsigned from = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned number = (unsigned)kept[i];
        if (number > from && syscall(SYS_close_range, from, number - 1, 0u) < 0) return -1;
        if (number >= from) from = number + 1;
    }
    return (int)syscall(SYS_close_range, from, ~0u, 0u);
}

int martlet_detach_standard_streams(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return -1;
    for (int number = 0; number < 3; number++) {
        if (null != number && dup2(null, number) < 0) return -1;
    }
    if (null > 2) close(null);
    return 0;
}

int64_t martlet_now_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int martlet_child_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void martlet_drain_signals(int signals) {
    struct signalfd_siginfo information;
    while (read(signals, &information, sizeof information) > 0) {
    }
}

void martlet_send_ending(int run, const struct martlet_ending *ending) {
    // Where nobody listens any more, nobody has to know.
    (void)send(run, ending, sizeof *ending, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int martlet_run_end(int socket, struct martlet_ending *ending) {
    ssize_t count;
    do {
        count = recv(socket, ending, sizeof *ending, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return errno == ECONNRESET ? 0 : -1;
    ending->step[sizeof ending->step - 1] = 0;
    return count == (ssize_t)sizeof *ending;
}

int martlet_anonymous_file(void) { return memfd_create("martlet-event", MFD_CLOEXEC); }
