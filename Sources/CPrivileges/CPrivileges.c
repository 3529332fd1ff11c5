#define _GNU_SOURCE
#include "CPrivileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STEP(name, call)          \
    do {                          \
        *step = name;             \
        if ((call) < 0) return -1; \
    } while (0)

enum { GROUPS_MAX = 1024 };

// What we were before `martlet_act_as`.
static gid_t groups_before[GROUPS_MAX];
static int groups_before_count;

int martlet_act_as(
    uid_t user, gid_t group, const gid_t *groups, uint32_t count, const char **step) {
    STEP("getgroups", groups_before_count = getgroups(GROUPS_MAX, groups_before));
    STEP("setgroups", setgroups(count, groups));
    STEP("setegid", setegid(group));
    STEP("seteuid", seteuid(user));
    return 0;
}

int martlet_act_as_ourselves(const char **step) {
    STEP("seteuid", seteuid(getuid()));
    STEP("setegid", setegid(getgid()));
    STEP("setgroups", setgroups((size_t)groups_before_count, groups_before));
    return 0;
}

static int has_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    for (int i = 0; i < 2; i++) {
        if (data[i].effective | data[i].permitted | data[i].inheritable) return 1;
    }
    return 0;
}

static int give_up_capabilities(void) {
    // Where there are none, the call itself may be forbidden.
    if (has_capabilities() == 0) return 0;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    if (syscall(SYS_capset, &header, none) < 0) return -1;
    errno = EPERM;
    return has_capabilities() == 0 ? 0 : -1;
}

int martlet_become(
    uid_t user, gid_t group, const gid_t *groups, uint32_t count, const char **step) {
    STEP("setgroups", setgroups(count, groups));
    STEP("setresgid", setresgid(group, group, group));
    STEP("setresuid", setresuid(user, user, user));
    // A way back would make all of this a show.
    errno = EPERM;
    STEP("the way back to root is open: setuid", setuid(0) == 0 ? -1 : 0);
    STEP("the way back to root is open: setegid", group != 0 && setegid(0) == 0 ? -1 : 0);
    return 0;
}

int martlet_give_up_privileges(const char **step) {
    STEP("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    if (geteuid() == 0) return 0;
    STEP("ambient capabilities", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    STEP("capset", give_up_capabilities());
    // Mails and keys are in this memory: no core file, and nobody of the same user looks into it.
    STEP("dumpable", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    return 0;
}
