/*
 * opendkim_verify FOLDER SECONDS: verifies the mails of a folder (*.eml) over and over with
 * libopendkim and prints how many microseconds of the processor one takes. The keys come from the
 * file `zone` beside them, once read; no DNS is asked.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <opendkim/dkim.h>

#define MAILS_MAX 1000

static char *mails[MAILS_MAX];
static size_t sizes[MAILS_MAX];
static int count;
static char zone[65536];

static char *contents(const char *folder, const char *name, size_t *size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) exit(66);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(1, *size + 1);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size) exit(66);
    fclose(file);
    return bytes;
}

/* A line of `zone` is a name, `TXT` and the text. */
static DKIM_CBSTAT key_of(DKIM *dkim, DKIM_SIGINFO *signature, unsigned char *text, size_t room) {
    char name[1024];
    (void)dkim;
    int length = snprintf(
        name, sizeof name, "\n%s._domainkey.%s TXT ", (char *)dkim_sig_getselector(signature),
        (char *)dkim_sig_getdomain(signature));
    const char *found = strstr(zone, name);
    if (found == NULL) return DKIM_CBSTAT_NOTFOUND;
    size_t size = strcspn(found + length, "\n");
    if (size >= room) return DKIM_CBSTAT_ERROR;
    memcpy(text, found + length, size);
    text[size] = '\0';
    return DKIM_CBSTAT_CONTINUE;
}

static void verify(DKIM_LIB *library, int index) {
    DKIM_STAT status;
    DKIM *dkim = dkim_verify(library, (unsigned char *)"bench", NULL, &status);
    if (dkim == NULL) exit(70);
    status = dkim_chunk(dkim, (unsigned char *)mails[index], sizes[index]);
    if (status == DKIM_STAT_OK) status = dkim_chunk(dkim, NULL, 0);
    if (status == DKIM_STAT_OK) status = dkim_eom(dkim, NULL);
    if (status != DKIM_STAT_OK) {
        fprintf(stderr, "a mail that was signed well: %s\n", dkim_getresultstr(status));
        exit(1);
    }
    dkim_free(dkim);
}

int main(int argc, char **argv) {
    if (argc != 3) return 64;
    size_t size;
    zone[0] = '\n';
    char *text = contents(argv[1], "zone", &size);
    strncpy(zone + 1, text, sizeof zone - 2);
    free(text);
    DIR *folder = opendir(argv[1]);
    if (folder == NULL) return 66;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL && count < MAILS_MAX;) {
        const char *end = strrchr(entry->d_name, '.');
        if (end == NULL || strcmp(end, ".eml") != 0) continue;
        mails[count] = contents(argv[1], entry->d_name, &sizes[count]);
        count++;
    }
    closedir(folder);
    DKIM_LIB *library = dkim_init(NULL, NULL);
    if (library == NULL || count == 0) return 70;
    dkim_set_key_lookup(library, key_of);
    for (int index = 0; index < count; index++) verify(library, index);
    clock_t begin = clock();
    long done = 0;
    while (clock() - begin < (clock_t)(atof(argv[2]) * CLOCKS_PER_SEC)) {
        for (int index = 0; index < count; index++) verify(library, index);
        done += count;
    }
    printf("%.2f\n", (double)(clock() - begin) / CLOCKS_PER_SEC * 1e6 / (double)done);
    dkim_close(library);
    return 0;
}
