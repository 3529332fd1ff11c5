// Stands between a program and libc's calls on files (LD_PRELOAD), for tests alone.
//
// Every call that changes something below one folder is counted, may be failed or struck by SIGKILL,
// and is written to a journal, from which power_cut.py builds the folder as a power cut would
// leave it. Nothing below the folder changes unseen: what this cannot follow is journalled as such.
//
//   FAULT_ROOT     the folder, an absolute path without symbolic links
//   FAULT_CONTROL  4096 bytes, mapped: u32 generation, then the rules as text; a new generation
//                  takes effect at the next call, and counts from 1 again
//   FAULT_JOURNAL  where to append records; none, where it is not set
//   FAULT_GRAVE    a folder of the same file system, outside of FAULT_ROOT: what loses a name is
//                  linked there by its inode number, so that it can come back
//   FAULT_SYNC_MICROSECONDS  syncs take so long and do nothing: the journal says what they promise
//
// A rule is one line: `kinds pattern numbers effect`.
//   kinds    comma-separated, or `any`: create write truncate link rename unlink mkdir rmdir sync
//            dirsync syncfs
//   pattern  fnmatch(3) on the path below FAULT_ROOT (`*` crosses slashes)
//   numbers  `3`: the third call that matches; `3+`: from the third on
//   effect   EIO ENOSPC EDQUOT EROFS: fails so, with nothing done. A sync that fails marks what it
//            was to write as clean, as Linux does: no later sync writes it.
//            short: a write takes half of its bytes.  ignore: says that it was done; does nothing.
//            delay=MILLISECONDS.  hold: waits for the next rules.  kill-before, kill-after: SIGKILL at once.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES_MAX 1024
#define FILES_MAX 65536
#define RULES_MAX 16
#define COPY_BYTES_MAX (1 << 20)

// The next definition of a call: libc's.
#define REAL(name)                                             \
    static __typeof__(&name) real;                             \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

struct file {
    dev_t device;
    ino_t inode;
    bool is_directory;
    char path[PATH_BYTES_MAX];
};

struct rule {
    char kinds[128], pattern[256], effect[32];
    long first;
    bool goes_on;
    long count;
};

struct control {
    _Atomic uint32_t generation;
    char rules[4092];
};

// One record; the paths and the data follow it. power_cut.py reads the same.
struct __attribute__((packed)) record {
    uint32_t length;
    char kind;
    uint8_t error;
    uint16_t path_length, second_length;
    uint32_t process;
    uint64_t inode, second_inode;
    int64_t offset;
    uint32_t data_length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_on;
static char root[PATH_BYTES_MAX], grave[PATH_BYTES_MAX];
static size_t root_length;
static int journal = -1;
static long sync_microseconds = -1;
static struct control *control;
static uint32_t generation;
static struct rule rules[RULES_MAX];
static int rule_count;
static struct file *_Atomic files[FILES_MAX];
static uint64_t sync_number;
static pid_t owner;

// MARK: Start

static int raw_open(const char *path, int flags, int mode) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

// A forked child is another program's business; its journal would mix with ours.
static void stop_in_child(void) { is_on = false; }

__attribute__((constructor)) static void start(void) {
    const char *folder = getenv("FAULT_ROOT"), *path = getenv("FAULT_CONTROL");
    if (!folder || !path || strlen(folder) >= sizeof root) return;
    strcpy(root, folder);
    root_length = strlen(root);
    int number = raw_open(path, O_RDWR, 0);
    if (number < 0) abort();
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0);
    if (control == MAP_FAILED) abort();
    syscall(SYS_close, number);
    const char *name = getenv("FAULT_JOURNAL");
    if (name && (journal = raw_open(name, O_WRONLY | O_CREAT | O_APPEND, 0600)) < 0) abort();
    const char *bury = getenv("FAULT_GRAVE");
    if (bury) snprintf(grave, sizeof grave, "%s", bury);
    const char *delay = getenv("FAULT_SYNC_MICROSECONDS");
    if (delay) sync_microseconds = atol(delay);
    owner = getpid();
    pthread_atfork(NULL, NULL, stop_in_child);
    is_on = true;
}

// MARK: Places

// `path` (below `directory`) without `.`, `..` and doubled slashes; whether it lies below the root.
static bool locate(int directory, const char *path, char *out) {
    if (!is_on || !path) return false;
    char whole[2 * PATH_BYTES_MAX];
    if (path[0] == '/') {
        if (strlen(path) >= PATH_BYTES_MAX) return false;
        strcpy(whole, path);
    } else {
        char link[64], base[PATH_BYTES_MAX];
        if (directory == AT_FDCWD) strcpy(link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        ssize_t length = readlink(link, base, sizeof base - 1);
        if (length < 0 || strlen(path) >= PATH_BYTES_MAX) return false;
        base[length] = 0;
        snprintf(whole, sizeof whole, "%s/%s", base, path);
    }
    char clean[2 * PATH_BYTES_MAX] = "";
    size_t end = 0;
    for (char *rest = whole, *part; (part = strsep(&rest, "/"));) {
        if (!*part || !strcmp(part, ".")) continue;
        if (!strcmp(part, "..")) {
            while (end > 0 && clean[--end] != '/') {
            }
        } else {
            end += (size_t)snprintf(clean + end, sizeof clean - end, "/%s", part);
        }
        clean[end] = 0;
    }
    if (strncmp(clean, root, root_length) || clean[root_length] != '/') return false;
    snprintf(out, PATH_BYTES_MAX, "%s", clean + root_length + 1);
    return true;
}

static void whole_path(const char *place, char *out) {
    snprintf(out, 2 * PATH_BYTES_MAX, "%s/%s", root, place);
}

// The inode at a place, 0 where nothing is there.
static ino_t inode_at(const char *place, bool *is_directory) {
    char path[2 * PATH_BYTES_MAX];
    whole_path(place, path);
    struct stat status;
    if (lstat(path, &status) < 0) return 0;
    if (is_directory) *is_directory = S_ISDIR(status.st_mode);
    return status.st_ino;
}

// Whether `number` is one of this process: a child of vfork shares our memory, and not our numbers.
static bool is_our_number(int number) {
    return number >= 0 && number < FILES_MAX && getpid() == owner;
}

static void forget(int number) {
    if (is_our_number(number)) atomic_store(&files[number], NULL);
}

// Never freed: a thread may still read it, and a test does not live long.
static void follow(int number, const char *place) {
    struct stat status;
    if (!is_our_number(number) || fstat(number, &status) < 0) return;
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return forget(number);
    struct file *file = malloc(sizeof *file);
    if (!file) abort();
    file->device = status.st_dev;
    file->inode = status.st_ino;
    file->is_directory = S_ISDIR(status.st_mode);
    snprintf(file->path, sizeof file->path, "%s", place);
    atomic_store(&files[number], file);
}

static void follow_copy(int from, int to) {
    if (!is_our_number(to)) return;
    atomic_store(&files[to], from >= 0 && from < FILES_MAX ? atomic_load(&files[from]) : NULL);
}

// What `number` is open on, if it is ours; a number that was closed unseen is somebody else's.
static struct file *followed(int number) {
    if (!is_on || !is_our_number(number)) return NULL;
    struct file *file = atomic_load(&files[number]);
    if (!file) return NULL;
    struct stat status;
    if (fstat(number, &status) == 0 && status.st_ino == file->inode
        && status.st_dev == file->device)
        return file;
    forget(number);
    return NULL;
}

// MARK: The journal

static void note(char kind, int error, const char *path, const char *second, ino_t inode,
                 ino_t second_inode, int64_t offset, const void *data, size_t length) {
    if (journal < 0) return;
    struct record record = {
        .kind = kind, .error = (uint8_t)error, .path_length = (uint16_t)strlen(path),
        .second_length = (uint16_t)strlen(second), .process = (uint32_t)getpid(),
        .inode = inode, .second_inode = second_inode, .offset = offset,
        .data_length = (uint32_t)length};
    record.length = (uint32_t)(sizeof record + record.path_length + record.second_length + length);
    struct iovec parts[] = {{&record, sizeof record}, {(void *)path, record.path_length},
                            {(void *)second, record.second_length}, {(void *)data, length}};
    if (syscall(SYS_writev, journal, parts, 4) != (long)record.length) abort();
}

static void note_unseen(const char *what, const char *path) {
    pthread_mutex_lock(&lock);
    note('!', 0, path, what, 0, 0, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
}

// Another name for what is about to lose one of its.
static void bury(const char *place, ino_t inode) {
    if (!grave[0] || !inode) return;
    char from[2 * PATH_BYTES_MAX], to[2 * PATH_BYTES_MAX];
    whole_path(place, from);
    snprintf(to, sizeof to, "%s/%llu", grave, (unsigned long long)inode);
    syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

// MARK: Rules

static void read_rules(void) {
    generation = atomic_load(&control->generation);
    char text[sizeof control->rules];
    memcpy(text, control->rules, sizeof text);
    text[sizeof text - 1] = 0;
    rule_count = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) && rule_count < RULES_MAX;) {
        struct rule *rule = &rules[rule_count];
        char numbers[32];
        if (sscanf(line, "%127s %255s %31s %31s", rule->kinds, rule->pattern, numbers,
                   rule->effect) != 4)
            continue;
        rule->first = atol(numbers);
        rule->goes_on = strchr(numbers, '+') != NULL;
        rule->count = 0;
        rule_count++;
    }
}

static bool is_of_kind(const struct rule *rule, const char *kind) {
    if (!strcmp(rule->kinds, "any")) return true;
    size_t length = strlen(kind);
    for (const char *at = rule->kinds; (at = strstr(at, kind)); at += length) {
        bool starts = at == rule->kinds || at[-1] == ',';
        if (starts && (at[length] == 0 || at[length] == ',')) return true;
    }
    return false;
}

struct verdict {
    int error;
    bool is_short, is_ignored, is_held, strikes_after;
    uint32_t generation;
    long delay_milliseconds;
};

__attribute__((noreturn)) static void strike(void) {
    note('X', 0, "", "", 0, 0, 0, NULL, 0);
    syscall(SYS_kill, getpid(), SIGKILL);
    while (true) pause();
}

// What is to become of the next call, which is `kind` on `place`. Called with the lock held.
static struct verdict judge(const char *kind, const char *place) {
    struct verdict verdict = {0};
    if (atomic_load(&control->generation) != generation) read_rules();
    verdict.generation = generation;
    for (int index = 0; index < rule_count; index++) {
        struct rule *rule = &rules[index];
        if (!is_of_kind(rule, kind) || fnmatch(rule->pattern, place, 0)) continue;
        rule->count++;
        if (rule->goes_on ? rule->count < rule->first : rule->count != rule->first) continue;
        const char *effect = rule->effect;
        if (!strcmp(effect, "kill-before")) strike();
        else if (!strcmp(effect, "kill-after")) verdict.strikes_after = true;
        else if (!strcmp(effect, "short")) verdict.is_short = true;
        else if (!strcmp(effect, "ignore")) verdict.is_ignored = true;
        else if (!strcmp(effect, "hold")) verdict.is_held = true;
        else if (!strncmp(effect, "delay=", 6)) verdict.delay_milliseconds = atol(effect + 6);
        else if (!strcmp(effect, "EIO")) verdict.error = EIO;
        else if (!strcmp(effect, "ENOSPC")) verdict.error = ENOSPC;
        else if (!strcmp(effect, "EDQUOT")) verdict.error = EDQUOT;
        else if (!strcmp(effect, "EROFS")) verdict.error = EROFS;
        else abort();
    }
    return verdict;
}

static void wait_microseconds(long microseconds) {
    if (microseconds <= 0) return;
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    while (nanosleep(&time, &time) < 0 && errno == EINTR) {
    }
}

// What a verdict says of time. Called without the lock.
static void wait_out(struct verdict verdict) {
    wait_microseconds(verdict.delay_milliseconds * 1000);
    while (verdict.is_held && atomic_load(&control->generation) == verdict.generation)
        wait_microseconds(2000);
}

// Around every call that changes something: ENTER decides whether it fails, LEAVE journals it.
#define ENTER(kind, place)                                           \
    pthread_mutex_lock(&lock);                                       \
    struct verdict verdict = judge(kind, place);                     \
    if (verdict.delay_milliseconds || verdict.is_held) {             \
        pthread_mutex_unlock(&lock);                                 \
        wait_out(verdict);                                           \
        pthread_mutex_lock(&lock);                                   \
    }                                                                \
    if (verdict.error) {                                             \
        pthread_mutex_unlock(&lock);                                 \
        errno = verdict.error;                                       \
        return -1;                                                   \
    }                                                                \
    if (verdict.is_ignored) {                                        \
        pthread_mutex_unlock(&lock);                                 \
        return 0;                                                    \
    }

#define LEAVE(result)                           \
    if (verdict.strikes_after) strike();        \
    int code = errno;                           \
    pthread_mutex_unlock(&lock);                \
    errno = code;                               \
    return result

// MARK: Opening and closing

static int open_place(int directory, const char *path, int flags, mode_t mode, const char *place) {
    bool is_writing = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    if (!is_writing) {
        int number = (int)syscall(SYS_openat, directory, path, flags, mode);
        if (number >= 0) follow(number, place);
        return number;
    }
    pthread_mutex_lock(&lock);
    ino_t before = inode_at(place, NULL);
    pthread_mutex_unlock(&lock);
    if (flags & O_CREAT && !before) {
        ENTER("create", place);
        int number = (int)syscall(SYS_openat, directory, path, flags, mode);
        if (number >= 0) {
            follow(number, place);
            note('C', 0, place, "", inode_at(place, NULL), 0, 0, NULL, 0);
        }
        LEAVE(number);
    }
    if (flags & O_TRUNC) {
        ENTER("truncate", place);
        int number = (int)syscall(SYS_openat, directory, path, flags, mode);
        if (number >= 0) {
            follow(number, place);
            note('T', 0, place, "", inode_at(place, NULL), 0, 0, NULL, 0);
        }
        LEAVE(number);
    }
    int number = (int)syscall(SYS_openat, directory, path, flags, mode);
    if (number >= 0) follow(number, place);
    return number;
}

static int open_any(int directory, const char *path, int flags, mode_t mode) {
    char place[PATH_BYTES_MAX];
    if (locate(directory, path, place)) return open_place(directory, path, flags, mode, place);
    int number = (int)syscall(SYS_openat, directory, path, flags, mode);
    // The root itself: its entries are ours.
    if (number >= 0) {
        if (is_on && path[0] == '/' && !strncmp(path, root, root_length)
            && !path[root_length + strspn(path + root_length, "/")])
            follow(number, "");
        else forget(number);
    }
    return number;
}

#define MODE_OF(flags)                                  \
    mode_t mode = 0;                                    \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {            \
        va_list list;                                   \
        va_start(list, flags);                          \
        mode = (mode_t)va_arg(list, int);               \
        va_end(list);                                   \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_any(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int directory, const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_any(directory, path, flags, mode);
}
int openat64(int directory, const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_any(directory, path, flags | O_LARGEFILE, mode);
}
int __open_2(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __openat_2(int at, const char *path, int flags) { return open_any(at, path, flags, 0); }
int __openat64_2(int at, const char *path, int flags) { return open_any(at, path, flags, 0); }
int creat(const char *path, mode_t mode) {
    return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int number) {
    forget(number);
    return (int)syscall(SYS_close, number);
}
int dup(int number) {
    int copy = (int)syscall(SYS_dup, number);
    follow_copy(number, copy);
    return copy;
}
int dup2(int number, int copy) {
    int result = (int)syscall(SYS_dup2, number, copy);
    if (result >= 0) follow_copy(number, result);
    return result;
}
int dup3(int number, int copy, int flags) {
    int result = (int)syscall(SYS_dup3, number, copy, flags);
    if (result >= 0) follow_copy(number, result);
    return result;
}
int fcntl(int number, int command, ...) {
    REAL(fcntl);
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    int result = real(number, command, argument);
    if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
        follow_copy(number, result);
    return result;
}
int fcntl64(int number, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return fcntl(number, command, argument);
}

// MARK: Writing

static ssize_t write_place(struct file *file, int number, const void *data, size_t length,
                           off_t offset) {
    ENTER("write", file->path);
    if (verdict.is_short && length > 1) length /= 2;
    ssize_t written = offset < 0 ? syscall(SYS_write, number, data, length)
                                 : syscall(SYS_pwrite64, number, data, length, offset);
    if (written > 0) {
        int code = errno;
        // Where an appended write began is known once it is there.
        off_t start = offset < 0 ? lseek(number, 0, SEEK_CUR) - written : offset;
        note('W', 0, file->path, "", file->inode, 0, start, data, (size_t)written);
        errno = code;
    }
    LEAVE(written);
}

ssize_t write(int number, const void *data, size_t length) {
    struct file *file = followed(number);
    if (!file) return syscall(SYS_write, number, data, length);
    return write_place(file, number, data, length, -1);
}
ssize_t pwrite(int number, const void *data, size_t length, off_t offset) {
    struct file *file = followed(number);
    if (!file) return syscall(SYS_pwrite64, number, data, length, offset);
    return write_place(file, number, data, length, offset);
}
ssize_t pwrite64(int number, const void *data, size_t length, off64_t offset) {
    return pwrite(number, data, length, offset);
}

static ssize_t write_parts(struct file *file, int number, const struct iovec *parts, int count,
                           off_t offset) {
    size_t length = 0;
    for (int index = 0; index < count; index++) length += parts[index].iov_len;
    char *data = malloc(length + 1), *end = data;
    if (!data) abort();
    for (int index = 0; index < count; index++)
        end = mempcpy(end, parts[index].iov_base, parts[index].iov_len);
    ssize_t written = write_place(file, number, data, length, offset);
    free(data);
    return written;
}
ssize_t writev(int number, const struct iovec *parts, int count) {
    struct file *file = followed(number);
    if (!file) return syscall(SYS_writev, number, parts, count);
    return write_parts(file, number, parts, count, -1);
}
ssize_t pwritev(int number, const struct iovec *parts, int count, off_t offset) {
    struct file *file = followed(number);
    if (!file) return syscall(SYS_pwritev, number, parts, count, offset, 0);
    return write_parts(file, number, parts, count, offset);
}
ssize_t pwritev64(int number, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(number, parts, count, offset);
}

// Into a file of ours the bytes go through here, so that the journal has them.
static ssize_t copy_place(struct file *file, int from, off64_t *from_offset, int to,
                          off64_t *to_offset, size_t length) {
    if (length > COPY_BYTES_MAX) length = COPY_BYTES_MAX;
    char *data = malloc(length + 1);
    if (!data) abort();
    ssize_t got = from_offset ? pread(from, data, length, *from_offset) : read(from, data, length);
    if (got > 0) {
        ssize_t written = write_place(file, to, data, (size_t)got, to_offset ? *to_offset : -1);
        if (!from_offset && written < got)
            lseek(from, (written < 0 ? 0 : written) - got, SEEK_CUR);
        got = written;
    }
    if (got > 0 && from_offset) *from_offset += got;
    if (got > 0 && to_offset) *to_offset += got;
    free(data);
    return got;
}
ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t length,
                        unsigned flags) {
    struct file *file = followed(to);
    if (!file)
        return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, length, flags);
    return copy_place(file, from, from_offset, to, to_offset, length);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
    struct file *file = followed(to);
    if (!file) return syscall(SYS_sendfile, to, from, offset, length);
    return copy_place(file, from, offset, to, NULL, length);
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
    return sendfile(to, from, offset, length);
}

int ftruncate(int number, off_t length) {
    struct file *file = followed(number);
    if (!file) return (int)syscall(SYS_ftruncate, number, length);
    ENTER("truncate", file->path);
    int result = (int)syscall(SYS_ftruncate, number, length);
    if (result == 0) note('T', 0, file->path, "", file->inode, 0, length, NULL, 0);
    LEAVE(result);
}
int ftruncate64(int number, off64_t length) { return ftruncate(number, length); }
int truncate(const char *path, off_t length) {
    int number = open(path, O_WRONLY | O_CLOEXEC);
    if (number < 0) return -1;
    int result = ftruncate(number, length), code = errno;
    close(number);
    errno = code;
    return result;
}
int truncate64(const char *path, off64_t length) { return truncate(path, length); }
int fallocate(int number, int flags, off_t offset, off_t length) {
    struct file *file = followed(number);
    if (file) note_unseen("fallocate", file->path);
    return (int)syscall(SYS_fallocate, number, flags, offset, length);
}
int fallocate64(int number, int flags, off64_t offset, off64_t length) {
    return fallocate(number, flags, offset, length);
}
int posix_fallocate(int number, off_t offset, off_t length) {
    return fallocate(number, 0, offset, length) < 0 ? errno : 0;
}
int posix_fallocate64(int number, off64_t offset, off64_t length) {
    return posix_fallocate(number, offset, length);
}

static void look_at_mapping(int protection, int flags, int number) {
    struct file *file = followed(number);
    if (!file || !(protection & PROT_WRITE) || !(flags & MAP_SHARED)) return;
    // SQLite's index of its log, which is made anew from the log at the first opening.
    size_t length = strlen(file->path);
    if (length < 4 || strcmp(file->path + length - 4, "-shm")) note_unseen("mmap", file->path);
}
void *mmap(void *at, size_t length, int protection, int flags, int number, off_t offset) {
    if (is_on && number >= 0) look_at_mapping(protection, flags, number);
    return (void *)syscall(SYS_mmap, at, length, protection, flags, number, offset);
}
void *mmap64(void *at, size_t length, int protection, int flags, int number, off64_t offset) {
    return mmap(at, length, protection, flags, number, offset);
}

// MARK: Syncs

static int sync_place(int number, const char *kind, char mark, const char *place, ino_t inode,
                      long call) {
    pthread_mutex_lock(&lock);
    struct verdict verdict = judge(kind, place);
    if (verdict.is_ignored) {
        pthread_mutex_unlock(&lock);
        return 0;
    }
    uint64_t id = ++sync_number;
    note(mark, 0, place, "", inode, id, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    wait_out(verdict);
    int result = 0, code = 0;
    if (verdict.error) {
        result = -1;
        code = verdict.error;
    } else if (sync_microseconds >= 0) {
        wait_microseconds(sync_microseconds);
    } else if ((result = (int)syscall(call, number)) < 0) {
        code = errno;
    }
    pthread_mutex_lock(&lock);
    note('E', code, place, "", inode, id, 0, NULL, 0);
    if (verdict.strikes_after) strike();
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

static int sync_number_of(int number, long call) {
    struct file *file = followed(number);
    if (!file) return (int)syscall(call, number);
    return sync_place(number, file->is_directory ? "dirsync" : "sync",
                      file->is_directory ? 'd' : 'S', file->path, file->inode, call);
}
int fsync(int number) { return sync_number_of(number, SYS_fsync); }
int fdatasync(int number) { return sync_number_of(number, SYS_fdatasync); }
int sync_file_range(int number, off64_t offset, off64_t length, unsigned flags) {
    // Promises nothing about what a power cut leaves.
    return (int)syscall(SYS_sync_file_range, number, offset, length, flags);
}
int syncfs(int number) {
    struct file *file = followed(number);
    if (!file) return (int)syscall(SYS_syncfs, number);
    return sync_place(number, "syncfs", 'F', file->path, 0, SYS_syncfs);
}
void sync(void) { syscall(SYS_sync); }

// MARK: Names

static int link_places(int from_at, const char *from, int to_at, const char *to, int flags) {
    char old[PATH_BYTES_MAX], new[PATH_BYTES_MAX];
    if (!locate(to_at, to, new))
        return (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
    if (!locate(from_at, from, old)) note_unseen("link from outside", new);
    ENTER("link", new);
    int result = (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
    if (result == 0) note('L', 0, new, old, inode_at(new, NULL), 0, 0, NULL, 0);
    LEAVE(result);
}
int link(const char *from, const char *to) { return link_places(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    return link_places(from_at, from, to_at, to, flags);
}

static int rename_places(int from_at, const char *from, int to_at, const char *to,
                         unsigned flags) {
    char old[PATH_BYTES_MAX], new[PATH_BYTES_MAX];
    bool is_from = locate(from_at, from, old), is_to = locate(to_at, to, new);
    if (!is_from && !is_to)
        return (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (!is_from || !is_to || flags & RENAME_EXCHANGE)
        note_unseen("rename across the root", is_to ? new : old);
    ENTER("rename", new);
    bool is_directory = false;
    ino_t moved = inode_at(old, &is_directory), replaced = inode_at(new, NULL);
    if (is_directory) note('!', 0, new, "rename of a folder", 0, 0, 0, NULL, 0);
    bury(new, replaced);
    int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    // Two names of one file: POSIX leaves both.
    if (result == 0 && moved != replaced) note('R', 0, old, new, moved, replaced, 0, NULL, 0);
    LEAVE(result);
}
int rename(const char *from, const char *to) {
    return rename_places(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
    return rename_places(from_at, from, to_at, to, 0);
}
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    return rename_places(from_at, from, to_at, to, flags);
}

int unlinkat(int directory, const char *path, int flags) {
    char place[PATH_BYTES_MAX];
    if (!locate(directory, path, place))
        return (int)syscall(SYS_unlinkat, directory, path, flags);
    bool is_folder = flags & AT_REMOVEDIR;
    ENTER(is_folder ? "rmdir" : "unlink", place);
    ino_t inode = inode_at(place, NULL);
    if (!is_folder) bury(place, inode);
    int result = (int)syscall(SYS_unlinkat, directory, path, flags);
    if (result == 0) note(is_folder ? 'D' : 'U', 0, place, "", inode, 0, 0, NULL, 0);
    LEAVE(result);
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
    struct stat status;
    if (lstat(path, &status) < 0) return -1;
    return S_ISDIR(status.st_mode) ? rmdir(path) : unlink(path);
}

int mkdirat(int directory, const char *path, mode_t mode) {
    char place[PATH_BYTES_MAX];
    if (!locate(directory, path, place)) return (int)syscall(SYS_mkdirat, directory, path, mode);
    if (inode_at(place, NULL)) {
        errno = EEXIST;
        return -1;
    }
    ENTER("mkdir", place);
    int result = (int)syscall(SYS_mkdirat, directory, path, mode);
    if (result == 0) note('M', 0, place, "", inode_at(place, NULL), 0, 0, NULL, 0);
    LEAVE(result);
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

// MARK: What this does not follow

#define UNSEEN(at, path, what)                                      \
    char place[PATH_BYTES_MAX];                                     \
    if (locate(at, path, place)) note_unseen(what, place)

int symlink(const char *target, const char *path) {
    UNSEEN(AT_FDCWD, path, "symlink");
    return (int)syscall(SYS_symlinkat, target, AT_FDCWD, path);
}
int symlinkat(const char *target, int at, const char *path) {
    UNSEEN(at, path, "symlink");
    return (int)syscall(SYS_symlinkat, target, at, path);
}
FILE *fopen(const char *path, const char *mode) {
    REAL(fopen);
    if (strpbrk(mode, "wa+")) {
        UNSEEN(AT_FDCWD, path, "fopen");
    }
    return real(path, mode);
}
FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }
FILE *fdopen(int number, const char *mode) {
    REAL(fdopen);
    struct file *file = followed(number);
    if (file && strpbrk(mode, "wa+")) note_unseen("fdopen", file->path);
    forget(number);
    return real(number, mode);
}
int mkstemp(char *template) {
    REAL(mkstemp);
    UNSEEN(AT_FDCWD, template, "mkstemp");
    return real(template);
}
