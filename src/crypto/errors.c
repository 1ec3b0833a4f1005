/* errors.c — see errors.h. OpenSSL 3.0 has no call to set a queue aside. */
#include "crypto/errors.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

enum { ENTRIES_MAX = 16 /* the queue's own size */, FILE_SIZE = 128, FUNCTION_SIZE = 64, DATA_SIZE = 256 };

struct entry {
    unsigned long code;
    int line;
    char file[FILE_SIZE], function[FUNCTION_SIZE], data[DATA_SIZE];
};

struct occ_errors {
    size_t count;
    struct entry entries[ENTRIES_MAX]; /* the oldest first */
};

static void
copy(char *to, size_t size, const char *text)
{
    const size_t len = text == NULL ? 0 : strlen(text);
    const size_t kept = len < size ? len : size - 1;
    memcpy(to, text == NULL ? "" : text, kept);
    to[kept] = '\0';
}

/* The oldest error, which leaves the queue; false if there is none. */
static bool
take_one(struct entry *entry)
{
    const char *file = NULL, *function = NULL, *data = NULL;
    int flags = 0;
    entry->code = ERR_get_error_all(&file, &entry->line, &function, &data, &flags);
    if (entry->code == 0) {
        return false;
    }
    copy(entry->file, sizeof entry->file, file);
    copy(entry->function, sizeof entry->function, function);
    copy(entry->data, sizeof entry->data, (flags & ERR_TXT_STRING) != 0 ? data : NULL);
    return true;
}

struct occ_result
occ_errors_take(struct occ_errors **ret_errors)
{
    if (ERR_peek_error() == 0) {
        *ret_errors = NULL;
        return occ_success();
    }
    struct occ_errors *errors = calloc(1, sizeof *errors);
    OCC_ENSURE(errors != NULL, OCC_ERR_NOMEM);
    while (errors->count < ENTRIES_MAX && take_one(&errors->entries[errors->count])) {
        errors->count++;
    }
    *ret_errors = errors;
    return occ_success();
}

void
occ_errors_put_back(struct occ_errors *errors)
{
    ERR_clear_error();
    for (size_t i = 0; errors != NULL && i < errors->count; i++) {
        const struct entry *entry = &errors->entries[i];
        ERR_new();
        ERR_set_debug(entry->file, entry->line, entry->function);
        ERR_set_error(ERR_GET_LIB(entry->code), ERR_GET_REASON(entry->code), entry->data[0] == '\0' ? NULL : "%s",
                      entry->data);
    }
    free(errors);
}

void
occ_errors_cleanup(struct occ_errors **errors)
{
    occ_errors_put_back(*errors);
    *errors = NULL;
}

bool
occ_errors_say_no_memory(void)
{
    bool found = false;
    for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
        found = found || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    }
    return found;
}
