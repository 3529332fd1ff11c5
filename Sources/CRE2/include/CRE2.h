#ifndef MARTLET_CRE2_H
#define MARTLET_CRE2_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled expression of RE2. Threads may share one; nothing of it changes once it is made.
typedef struct martlet_re2 martlet_re2;

/// A run of bytes in the text that was searched; `start` is -1 for a group that took no part.
typedef struct {
    ptrdiff_t start;
    ptrdiff_t length;
} martlet_re2_span;

/// Compiles `length` bytes of UTF-8 that match without case. A program that would take more than
/// `memory_max` bytes is refused. Returns NULL where the expression is none, and then writes why,
/// with a final NUL, to `error`.
martlet_re2 *martlet_re2_new(
    const char *pattern, size_t length, long long memory_max, char *error, size_t error_size);

void martlet_re2_free(martlet_re2 *expression);

/// How many groups there are, without the whole match.
int martlet_re2_group_count(const martlet_re2 *expression);

/// The name of the group `index`, from 1, or NULL; it lives as long as the expression.
const char *martlet_re2_group_name(const martlet_re2 *expression, int index);

/// Searches `length` bytes of UTF-8 for the leftmost match, in time linear in them. Writes the whole
/// match and then the groups to `spans`, `count` in all. Returns 1 for a match and 0 for none.
int martlet_re2_search(
    const martlet_re2 *expression, const char *text, size_t length, martlet_re2_span *spans,
    int count);

/// Where `piece` stands first in `text`, or NULL: memmem, which Glibc's module hides.
const void *martlet_memmem(
    const void *text, size_t length, const void *piece, size_t piece_length);

#ifdef __cplusplus
}
#endif

#endif
