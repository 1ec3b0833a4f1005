/* faults.c — see faults.h. */
#include "sim/faults.h"

#include <poll.h>

#include "base/decimal.h"
#include "os/file.h"

enum { HANG_STEP_MS = 10 };

static const struct word {
    const char *name;
    enum occ_sim_fault fault;
} words[] = {
    { "ok", OCC_SIM_FAULT_NONE },
    { "fail", OCC_SIM_FAULT_FAIL },
    { "refuse", OCC_SIM_FAULT_REFUSE },
    { "garbage", OCC_SIM_FAULT_GARBAGE },
    { "truncated", OCC_SIM_FAULT_TRUNCATED },
    { "hang", OCC_SIM_FAULT_HANG },
    { "wrong-user-data", OCC_SIM_FAULT_USER_DATA },
    { "wrong-nonce", OCC_SIM_FAULT_NONCE },
    { "wrong-key", OCC_SIM_FAULT_KEY },
    { "wrong-pcr", OCC_SIM_FAULT_PCR },
};

static bool
is_about_document(enum occ_sim_fault fault)
{
    return fault >= OCC_SIM_FAULT_USER_DATA;
}

struct occ_result
occ_sim_faults_open(const char *path, uint64_t delay_ms, struct occ_error *err, struct occ_sim_faults *ret_faults)
{
    struct occ_sim_faults faults = { .fd = -1, .delay_ms = delay_ms };
    uint64_t size = 0;
    if (path != NULL) {
        OCC_TRY(occ_file_open(path, err, &faults.fd, &size));
    }
    *ret_faults = faults;
    return occ_success();
}

void
occ_sim_faults_close(struct occ_sim_faults *faults)
{
    if (faults->fd >= 0) {
        occ_file_close(faults->fd);
        faults->fd = -1;
    }
}

/* ---- a line ---- */

static OCC_RESULT
refuse(struct occ_bytes line, struct occ_error *err)
{
    return occ_error_set(err, OCC_ERR_ATTESTER, "the simulated device cannot do \"%.*s\"", OCC_BYTES_ARG(line));
}

/* "+5000", "-5000", "5000" */
static bool
read_signed(struct occ_bytes text, int64_t *ret_number)
{
    const bool negative = occ_bytes_starts(text, "-");
    const size_t sign = negative || occ_bytes_starts(text, "+") ? 1 : 0;
    uint64_t size = 0;
    if (!occ_is_ok(occ_decimal_to_u64(occ_bytes_of(text.ptr + sign, text.len - sign), &size)) || size > INT32_MAX) {
        return false;
    }
    *ret_number = negative ? -(int64_t)size : (int64_t)size;
    return true;
}

static bool
set_lasting(struct occ_sim_faults *faults, struct occ_bytes word, struct occ_bytes argument)
{
    int64_t number = 0;
    if (!read_signed(argument, &number)) {
        return false;
    }
    if (occ_bytes_is(word, "clock")) {
        faults->clock_ms = number;
        return true;
    }
    if (number < 0 || !occ_bytes_is(word, "delay")) {
        return false;
    }
    faults->delay_ms = (uint64_t)number;
    return true;
}

static bool
set_fail_after(struct occ_sim_faults *faults, struct occ_bytes argument)
{
    if (!occ_is_ok(occ_decimal_to_u64(argument, &faults->passes))) {
        return false;
    }
    faults->fault = OCC_SIM_FAULT_FAIL;
    faults->counted = false;
    return true;
}

static bool
set_fault(struct occ_sim_faults *faults, struct occ_bytes word, struct occ_bytes argument)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!occ_bytes_is(word, words[i].name)) {
            continue;
        }
        uint64_t left = 0;
        if (argument.len > 0 && !occ_is_ok(occ_decimal_to_u64(argument, &left))) {
            return false;
        }
        faults->fault = words[i].fault;
        faults->counted = argument.len > 0;
        faults->left = left;
        faults->passes = 0;
        return true;
    }
    if (occ_bytes_is(word, "fail-after")) {
        return set_fail_after(faults, argument);
    }
    return set_lasting(faults, word, argument);
}

static OCC_RESULT
take_line(struct occ_sim_faults *faults, struct occ_error *err)
{
    const struct occ_bytes line = occ_bytes_of(faults->line, faults->line_len);
    faults->line_len = 0;
    size_t end = 0;
    while (end < line.len && line.ptr[end] != ' ') {
        end++;
    }
    const size_t start = end < line.len ? end + 1 : end;
    const struct occ_bytes argument = occ_bytes_of(line.ptr + start, line.len - start);
    return set_fault(faults, occ_bytes_of(line.ptr, end), argument) ? occ_success() : refuse(line, err);
}

/* ---- the file ---- */

static OCC_RESULT
read_lines(struct occ_sim_faults *faults, struct occ_error *err)
{
    for (;;) {
        uint8_t byte = 0;
        size_t len = 0;
        OCC_TRY(occ_file_read_some(faults->fd, err, &byte, 1, &len));
        if (len == 0) {
            return occ_success();
        }
        if (byte == '\n') {
            OCC_TRY(take_line(faults, err));
        } else if (faults->line_len == sizeof faults->line) {
            return refuse(occ_bytes_of(faults->line, faults->line_len), err);
        } else {
            faults->line[faults->line_len++] = (char)byte;
        }
    }
}

static enum occ_sim_fault
use_up(struct occ_sim_faults *faults, bool about_document)
{
    if ((is_about_document(faults->fault) || faults->passes > 0) && !about_document) {
        return OCC_SIM_FAULT_NONE;
    }
    if (faults->passes > 0) {
        faults->passes--;
        return OCC_SIM_FAULT_NONE;
    }
    if (faults->counted && faults->left == 0) {
        return OCC_SIM_FAULT_NONE;
    }
    faults->left -= faults->counted ? 1 : 0;
    return faults->fault;
}

struct occ_result
occ_sim_faults_next(struct occ_sim_faults *faults, bool about_document, struct occ_error *err,
                    enum occ_sim_fault *ret_fault)
{
    if (faults->fd < 0) {
        *ret_fault = OCC_SIM_FAULT_NONE;
        return occ_success();
    }
    OCC_TRY(read_lines(faults, err));
    while (faults->fault == OCC_SIM_FAULT_HANG) {
        (void)poll(NULL, 0, HANG_STEP_MS);
        OCC_TRY(read_lines(faults, err));
    }
    *ret_fault = use_up(faults, about_document);
    return occ_success();
}
