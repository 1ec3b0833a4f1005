/*
 * result.h — how a function says that it failed, and how a person is told.
 *
 * A function that can fail returns struct occ_result, which the compiler does not let a caller ignore; values come back
 * through ret_… parameters, untouched on failure. Functions that read what a person or a peer wrote also take a
 * struct occ_error, and leave in it one sentence that says what is wrong, where, and what was expected.
 */
#ifndef OCC_BASE_RESULT_H
#define OCC_BASE_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include <occ/codes.h>

struct occ_result {
    enum occ_err code;
};

#define OCC_MUST_USE __attribute__((warn_unused_result))
#define OCC_RESULT OCC_MUST_USE struct occ_result

/* The two macros that return: on a failed call, and on a condition that does not hold. */
#define OCC_TRY(call) \
    do { \
        const struct occ_result occ_try_ = (call); \
        if (occ_try_.code != OCC_OK) { \
            return occ_try_; \
        } \
    } while (0)
#define OCC_ENSURE(condition, error_code) \
    do { \
        if (!(condition)) { \
            return occ_result_of(error_code); \
        } \
    } while (0)

static inline struct occ_result
occ_result_of(enum occ_err code)
{
    return (struct occ_result){ code };
}
static inline struct occ_result
occ_success(void)
{
    return (struct occ_result){ OCC_OK };
}
static inline bool
occ_is_ok(struct occ_result r)
{
    return r.code == OCC_OK;
}

/* The stable name ("field-missing") and the sentence of a code; for a number that is no code, those of OCC_ERR_INTERNAL. */
const char *occ_result_name(enum occ_err code);
const char *occ_result_text(enum occ_err code);

/* Room for one sentence, its zero byte included. Longer sentences are cut at a UTF-8 boundary. */
enum { OCC_ERROR_TEXT_SIZE = 320 };

struct occ_error {
    enum occ_err code;
    char text[OCC_ERROR_TEXT_SIZE]; /* UTF-8, no control characters, ends in a zero byte; "" when code is OCC_OK */
};

/*
 * Writes the code and a printf-style sentence into *err (which may be NULL) and returns the code, so that a refusal is one
 * line: return occ_error_set(err, OCC_ERR_FIELD_LENGTH, "%s: %zu bytes, expected 32", where, n). Control characters and
 * bytes that are not UTF-8 in the finished sentence become '?', since parts of it often come from outside.
 */
__attribute__((format(printf, 3, 4))) struct occ_result occ_error_set(struct occ_error *err, enum occ_err code,
                                                                      const char *format, ...);
/* The same with the code's own sentence. */
struct occ_result occ_error_code(struct occ_error *err, enum occ_err code);

#endif
