#define _GNU_SOURCE
#include "Internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    // More processes than this are found in a later round.
    PROCESSES_MAX = 65536,
    // Of the list of /proc that one call gives: some hundred names.
    ENTRIES_BYTES = 32768,
    // Of /proc/…/stat: a name of at most 64 bytes and 51 numbers.
    STAT_BYTES = 1024,
    // A process number has seven digits at most.
    NUMBER_BYTES = 12,
    // What one fork can start between two rounds is found in the next: whoever forks quicker than
    // so many rounds can stop is killed as it is, and looked for again.
    STOP_ROUNDS_MAX = 200,
    // Between rounds, for signals to arrive.
    ROUND_MILLISECONDS = 1,
    // The kernel's own limit, where it does not say what it is set to.
    NUMBER_MAX = 4194304,
};

struct process {
    pid_t id, parent;
    char state;
    long threads;
    bool is_below_us;
};

static struct process processes[PROCESSES_MAX];
static size_t processes_count;

// The field that is `distance` behind the one at `field`.
static long number_behind(const char *field, int distance) {
    char *end;
    long number = strtol(field, &end, 10);
    for (int i = 0; i < distance; i++) number = strtol(end, &end, 10);
    return number;
}

// proc_pid_stat(5): `id (name) state parent …`; the name may hold anything.
static bool read_process(int proc, const char *name, struct process *process) {
    char path[NUMBER_BYTES + 8], text[STAT_BYTES];
    size_t length = strlen(name);
    if (length > NUMBER_BYTES) return false;
    memcpy(path, name, length);
    memcpy(path + length, "/stat", 6);
    int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return false;
    text[count] = 0;
    const char *rest = strrchr(text, ')');
    if (!rest || strlen(rest) < 5) return false;
    process->id = (pid_t)strtol(name, NULL, 10);
    process->state = rest[2];
    process->parent = (pid_t)number_behind(rest + 4, 0);
    // The fields 4 and 20.
    process->threads = number_behind(rest + 4, 16);
    process->is_below_us = false;
    return true;
}

static void read_processes(int proc) {
    static char entries[ENTRIES_BYTES] __attribute__((aligned(8)));
    processes_count = 0;
    lseek(proc, 0, SEEK_SET);
    long bytes;
    while ((bytes = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0) {
        for (long at = 0; at < bytes;) {
            struct dirent64 *entry = (struct dirent64 *)(entries + at);
            at += entry->d_reclen;
            if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
            if (processes_count == PROCESSES_MAX) return;
            if (read_process(proc, entry->d_name, &processes[processes_count])) processes_count++;
        }
    }
}

static const struct process *find(pid_t id) {
    // The kernel lists them by number.
    size_t low = 0, high = processes_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (processes[middle].id == id) return &processes[middle];
        if (processes[middle].id < id) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

static bool is_among(pid_t id, const pid_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id) return true;
    }
    return false;
}

static void mark_descendants(const pid_t *spared, size_t spared_count) {
    pid_t us = getpid();
    for (bool is_found = true; is_found;) {
        is_found = false;
        for (size_t i = 0; i < processes_count; i++) {
            struct process *process = &processes[i];
            if (process->is_below_us || is_among(process->id, spared, spared_count)) continue;
            const struct process *parent = find(process->parent);
            if (process->parent == us || (parent && parent->is_below_us)) {
                process->is_below_us = is_found = true;
            }
        }
    }
}

// By a pidfd, and looked at again once that is open: the number may have gone to a stranger.
static void send_signal(int proc, const struct process *process, int number) {
    int opened = (int)syscall(SYS_pidfd_open, process->id, 0u);
    if (opened < 0) return;
    char name[NUMBER_BYTES], digits[NUMBER_BYTES];
    size_t length = 0;
    for (pid_t rest = process->id; rest > 0; rest /= 10) digits[length++] = (char)('0' + rest % 10);
    for (size_t i = 0; i < length; i++) name[i] = digits[length - 1 - i];
    name[length] = 0;
    struct process now;
    if (read_process(proc, name, &now)
        && (now.parent == process->parent || now.parent == getpid())) {
        syscall(SYS_pidfd_send_signal, opened, number, NULL, 0u);
    }
    close(opened);
}

static bool is_running(const struct process *process) {
    // The first thread has ended and others have not: how they are its state does not say.
    if (process->state == 'Z' && process->threads > 1) return true;
    // Stopped, traced and stopped, zombie, dead: it starts nothing.
    return !strchr("TtZX", process->state);
}

// How many of those below us still ran.
static size_t signal_descendants(
    int proc, const pid_t *spared, size_t spared_count, int number) {
    read_processes(proc);
    mark_descendants(spared, spared_count);
    size_t count = 0;
    for (size_t i = 0; i < processes_count; i++) {
        if (!processes[i].is_below_us) continue;
        if (number == SIGSTOP && !is_running(&processes[i])) continue;
        send_signal(proc, &processes[i], number);
        count++;
    }
    return count;
}

// Whether there is no child any more but, perhaps, the spared.
static bool reap(const pid_t *spared, size_t spared_count) {
    for (;;) {
        siginfo_t ended = {0};
        // The spared are left to who knows them.
        if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) < 0) return errno == ECHILD;
        if (ended.si_pid == 0 || is_among(ended.si_pid, spared, spared_count)) return false;
        waitpid(ended.si_pid, NULL, 0);
    }
}

// Reaps what has ended below us, as the last look saw it: where a spared one has ended first, the
// kernel names no other.
static void reap_seen(const pid_t *spared, size_t spared_count) {
    pid_t us = getpid();
    for (size_t i = 0; i < processes_count; i++) {
        if (processes[i].parent != us || is_among(processes[i].id, spared, spared_count)) continue;
        waitpid(processes[i].id, NULL, WNOHANG);
    }
}

// Up to which number processes are counted.
static pid_t number_max(void) {
    char text[NUMBER_BYTES] = "";
    int file = open("/proc/sys/kernel/pid_max", O_RDONLY | O_CLOEXEC);
    if (file < 0) return NUMBER_MAX;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    long number = count > 0 ? strtol(text, NULL, 10) : 0;
    return number > 0 && number <= NUMBER_MAX ? (pid_t)number : NUMBER_MAX;
}

// Kills our children without /proc: of every number that there may be, wait says whether it is a
// child's. What is below them becomes ours by that, and is found by the next pass. How many.
static size_t kill_children(const pid_t *spared, size_t spared_count) {
    pid_t max = number_max();
    size_t count = 0;
    for (pid_t id = 1; id <= max; id++) {
        siginfo_t ended;
        if (waitid(P_PID, (id_t)id, &ended, WEXITED | WNOHANG | WNOWAIT) < 0) continue;
        if (is_among(id, spared, spared_count)) continue;
        // Ours until it is waited for, so the number is still its own.
        kill(id, SIGKILL);
        waitpid(id, NULL, WNOHANG);
        count++;
    }
    return count;
}

static bool sees_strangers(int proc) {
    struct process first;
    return read_process(proc, "1", &first);
}

bool martlet_sees_processes(void) {
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_seen = proc >= 0 && sees_strangers(proc);
    if (proc >= 0) close(proc);
    return is_seen;
}

// What is stopped forks no more, and still counts against its user's processes: so stop until
// nobody runs, and kill then. How many there were.
static size_t kill_descendants(
    int proc, const pid_t *spared, size_t spared_count, int64_t deadline) {
    for (int round = 0; round < STOP_ROUNDS_MAX; round++) {
        if (signal_descendants(proc, spared, spared_count, SIGSTOP) == 0) break;
        if (martlet_now_milliseconds() > deadline) break;
        poll(NULL, 0, ROUND_MILLISECONDS);
    }
    return signal_descendants(proc, spared, spared_count, SIGKILL);
}

bool martlet_end_descendants(const pid_t *spared, size_t spared_count, int64_t deadline) {
    // The usual case costs one call.
    if (reap(spared, spared_count)) return true;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_blind = proc < 0 || !sees_strangers(proc);
    bool is_done = false;
    while (!is_done) {
        size_t count = kill_descendants(proc, spared, spared_count, deadline);
        // There is a child, and /proc does not show it.
        bool is_hidden = count == 0 && spared_count == 0;
        if (is_blind || is_hidden) count += kill_children(spared, spared_count);
        reap_seen(spared, spared_count);
        is_done = reap(spared, spared_count) || (spared_count > 0 && count == 0);
        if (martlet_now_milliseconds() > deadline) break;
        if (!is_done) poll(NULL, 0, ROUND_MILLISECONDS);
    }
    if (proc >= 0) close(proc);
    return is_done;
}
