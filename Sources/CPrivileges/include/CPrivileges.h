#ifndef CPRIVILEGES_H
#define CPRIVILEGES_H

#include <stdint.h>
#include <sys/types.h>

// All but the last are for a process with one thread. -1 with errno; `*step` names the call that
// failed.

// The effective user, group and supplementary groups, which the way back restores.
int martlet_act_as(
    uid_t user, gid_t group, const gid_t *groups, uint32_t count, const char **step);
int martlet_act_as_ourselves(const char **step);

// Becomes the user for good, and makes sure that there is no way back.
int martlet_become(
    uid_t user, gid_t group, const gid_t *groups, uint32_t count, const char **step);

// Gives up every capability (of a user other than root), and for this process and all that it
// starts the ways to new ones.
int martlet_give_up_privileges(const char **step);

#endif
