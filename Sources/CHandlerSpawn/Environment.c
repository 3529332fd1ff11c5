#include "Internal.h"

#include <stdio.h>
#include <string.h>

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

static bool sets(const struct martlet_environment *environment, const char *variable) {
    for (size_t i = 0; i < environment->count; i++) {
        if (is_same_name(variable, environment->entries[i])) return true;
    }
    return false;
}

static void add(struct martlet_environment *environment, char *variable) {
    // What stands there already is ours or the mail's, and wins.
    if (sets(environment, variable)) return;
    environment->entries[environment->count++] = variable;
}

bool martlet_fill_environment(
    struct martlet_environment *environment, const struct martlet_program *program,
    const char *folder_name, struct martlet_request *request) {
    environment->count = 0;
    int length = snprintf(
        environment->event, MARTLET_PATH_BYTES, "MARTLET_EVENT_FILE=%s/%s/event.json",
        program->folder_path, folder_name);
    if (length < 0 || length >= MARTLET_PATH_BYTES) return false;
    if (!program->is_worker) add(environment, environment->event);
    char *end = request->variables + request->variables_bytes;
    for (char *variable = request->variables; variable < end;
         variable += strlen(variable) + 1) {
        if (!is_allowed(variable) || environment->count > MARTLET_VARIABLES_MAX) return false;
        add(environment, variable);
    }
    for (size_t i = 0; program->environment[i]; i++) add(environment, program->environment[i]);
    snprintf(environment->home, MARTLET_PATH_BYTES, "HOME=%s/%s", program->folder_path, folder_name);
    add(environment, environment->home);
    snprintf(
        environment->temporary, MARTLET_PATH_BYTES, "TMPDIR=%s/%s", program->folder_path, folder_name);
    add(environment, environment->temporary);
    environment->entries[environment->count] = NULL;
    return true;
}
