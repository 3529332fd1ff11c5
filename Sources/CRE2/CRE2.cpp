#include "CRE2.h"

#include <re2/re2.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <vector>

struct martlet_re2 {
    re2::RE2 expression;

    martlet_re2(re2::StringPiece pattern, const re2::RE2::Options &options)
        : expression(pattern, options) {}
};

martlet_re2 *martlet_re2_new(
    const char *pattern, size_t length, long long memory_max, char *error, size_t error_size) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(false);
    options.set_max_mem(memory_max);
    auto *made = new (std::nothrow) martlet_re2(re2::StringPiece(pattern, length), options);
    if (made == nullptr) {
        std::snprintf(error, error_size, "out of memory");
        return nullptr;
    }
    if (!made->expression.ok()) {
        std::snprintf(error, error_size, "%s", made->expression.error().c_str());
        delete made;
        return nullptr;
    }
    return made;
}

void martlet_re2_free(martlet_re2 *expression) { delete expression; }

int martlet_re2_group_count(const martlet_re2 *expression) {
    return expression->expression.NumberOfCapturingGroups();
}

const char *martlet_re2_group_name(const martlet_re2 *expression, int index) {
    const std::map<int, std::string> &names = expression->expression.CapturingGroupNames();
    auto found = names.find(index);
    return found == names.end() ? nullptr : found->second.c_str();
}

int martlet_re2_search(
    const martlet_re2 *expression, const char *text, size_t length, martlet_re2_span *spans,
    int count) {
    const re2::StringPiece whole(text, length);
    std::vector<re2::StringPiece> groups(static_cast<size_t>(count));
    if (!expression->expression.Match(
            whole, 0, length, re2::RE2::UNANCHORED, groups.data(), count)) {
        return 0;
    }
    for (int index = 0; index < count; index++) {
        const re2::StringPiece &group = groups[static_cast<size_t>(index)];
        const bool took_part = group.data() != nullptr;
        spans[index].start = took_part ? group.data() - text : -1;
        spans[index].length = took_part ? static_cast<ptrdiff_t>(group.size()) : 0;
    }
    return 1;
}

const void *martlet_memmem(
    const void *text, size_t length, const void *piece, size_t piece_length) {
    return memmem(text, length, piece, piece_length);
}
