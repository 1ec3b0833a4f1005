/* check.c — see check.h. */
#include "server/check.h"

#include <unistd.h>

#include "audit/stored.h"
#include "ledger/ledger.h"
#include "os/clock.h"
#include "os/file.h"

enum { PROBLEMS_SHOWN = 100, LONGEST_LINE = 4096, SHOW_EVERY_US = 200000, JOBS_MAX = 64 };

struct check {
    struct occ_result printed; /* the first failure of standard output */
    uint64_t structure;        /* problems of the ledger's own check, */
    uint64_t faults;           /* and of the audit */
    const char *doing;         /* for progress; NULL = none is shown */
    uint64_t shown_us;
    bool is_shown; /* a line stands on the terminal */
};

/* ---- what is printed ---- */

static void
print(struct check *check, const struct occ_buf *line)
{
    if (occ_is_ok(check->printed)) {
        check->printed = occ_file_write_all(STDOUT_FILENO, occ_buf_view(line), NULL);
    }
}

static void
show_progress(void *ctx, uint64_t proofs)
{
    struct check *check = ctx;
    const uint64_t now_us = occ_clock_monotonic_us();
    if (check->doing == NULL || now_us - check->shown_us < SHOW_EVERY_US) {
        return;
    }
    check->shown_us = now_us;
    check->is_shown = true;
    OCC_BUF_AUTO(line, LONGEST_LINE);
    occ_buf_put_format(&line, "\r%s: %llu proofs\033[K", check->doing, (unsigned long long)proofs);
    const struct occ_result shown = occ_file_write_all(STDERR_FILENO, occ_buf_view(&line), NULL);
    (void)shown; /* progress that cannot be shown is not missed */
}

static void
begin_progress(struct check *check, const char *doing)
{
    const bool is_terminal = isatty(STDERR_FILENO) != 0;
    check->doing = is_terminal ? doing : NULL;
    check->shown_us = occ_clock_monotonic_us();
}

static void
end_progress(struct check *check)
{
    if (check->is_shown) {
        const struct occ_result shown = occ_file_write_all(STDERR_FILENO, occ_bytes_str("\r\033[K"), NULL);
        (void)shown;
    }
    check->doing = NULL;
    check->is_shown = false;
}

static void
print_problem(void *ctx, const char *sentence)
{
    struct check *check = ctx;
    check->structure++;
    OCC_BUF_AUTO(line, LONGEST_LINE);
    occ_buf_put_format(&line, "ledger: %s\n", sentence);
    print(check, &line);
}

/* ---- the audit ---- */

/* Names are bytes of a ledger that may be damaged: occ_error_set makes them harmless. */
static void
print_fault(struct check *check, struct occ_stored *stored, const struct occ_finding *finding)
{
    struct occ_stored_name name;
    struct occ_error where = { 0 };
    if (occ_stored_name(stored, finding->place.line, &name)) {
        (void)occ_error_set(&where, OCC_OK, "epoch %.*s%s%.*s, counter %llu", (int)name.epoch_len,
                            (const char *)name.epoch, name.chain_len > 0 ? ", chain " : "", (int)name.chain_len,
                            (const char *)name.chain, (unsigned long long)name.counter);
    } else {
        (void)occ_error_set(&where, OCC_OK, "proof %llu", (unsigned long long)finding->place.line);
    }
    OCC_BUF_AUTO(line, LONGEST_LINE);
    occ_buf_put_format(&line, "%s: %s\n", where.text, finding->said.text);
    print(check, &line);
}

static void
free_verifier(occ_verifier **verifier)
{
    occ_verifier_free(*verifier);
}

static void
free_audit(struct occ_audit **audit)
{
    occ_audit_free(*audit);
}

static void
print_audit(struct check *check, struct occ_stored *stored, const struct occ_audit *audit)
{
    const struct occ_findings *findings = &audit->findings;
    check->faults = occ_findings_faults(findings);
    for (size_t i = 0; i < findings->list_len; i++) {
        print_fault(check, stored, &findings->list[i]);
    }
    OCC_BUF_AUTO(line, LONGEST_LINE);
    if (check->faults > findings->list_len) {
        occ_buf_put_format(&line, "and %llu more\n", (unsigned long long)(check->faults - findings->list_len));
    }
    occ_buf_put_format(&line, "proofs: %llu read, %llu valid; chains: %llu, %s\n", (unsigned long long)audit->values,
                       (unsigned long long)audit->valid, (unsigned long long)audit->chains,
                       check->faults == 0 ? "intact" : "not intact");
    print(check, &line);
}

static struct occ_audit_options
audit_options(const struct occ_options *options, const occ_verifier *verifier, struct check *check)
{
    return (struct occ_audit_options){ .verifier = verifier,
                                       .jobs = (unsigned)options->verify_threads,
                                       .max_findings = PROBLEMS_SHOWN,
                                       .temp_dir = "/tmp",
                                       .progress = show_progress,
                                       .progress_ctx = check };
}

static OCC_RESULT
audit_proofs(struct check *check, const struct occ_options *options, struct occ_stored *stored, struct occ_error *err,
             uint64_t *ret_proofs)
{
    __attribute__((cleanup(free_verifier))) occ_verifier *verifier = NULL;
    __attribute__((cleanup(free_audit))) struct occ_audit *audit = NULL;
    OCC_TRY(occ_trust_verifier(options->settings, err, &verifier));
    const struct occ_audit_options how = audit_options(options, verifier, check);
    begin_progress(check, "verifying");
    const struct occ_result audited = occ_stored_audit(stored, &how, err, &audit);
    end_progress(check);
    OCC_TRY(audited);
    print_audit(check, stored, audit);
    *ret_proofs = audit->values;
    return occ_success();
}

/* ---- the ledger itself ---- */

static void
free_reader(struct occ_ledger_reader **reader)
{
    occ_ledger_reader_free(*reader);
}

static OCC_RESULT
check_structure(struct check *check, const struct occ_options *options, struct occ_error *err)
{
    __attribute__((cleanup(free_reader))) struct occ_ledger_reader *reader = NULL;
    const struct occ_ledger_options which = { .folder = options->data };
    OCC_TRY(occ_ledger_reader_new(NULL, &which, err, &reader));
    begin_progress(check, "reading");
    const struct occ_result checked = occ_ledger_check(reader, print_problem, show_progress, check, err);
    end_progress(check);
    OCC_TRY(checked);
    OCC_BUF_AUTO(line, LONGEST_LINE);
    occ_buf_put_format(&line, "ledger: %s\n", check->structure == 0 ? "its structure is sound" : "damaged");
    print(check, &line);
    return occ_success();
}

/* Damage is what a check looks for; it is no reason not to go on. */
static OCC_RESULT
note_damage(struct check *check, struct occ_result result, const struct occ_error *err)
{
    if (result.code != OCC_ERR_LEDGER_CORRUPT) {
        return result;
    }
    print_problem(check, err->text);
    return occ_success();
}

static OCC_RESULT
check_proofs(struct check *check, const struct occ_options *options, struct occ_error *err, uint64_t *ret_proofs)
{
    struct occ_stored *stored = NULL;
    OCC_TRY(occ_stored_new(options->data, err, &stored));
    const struct occ_result audited = audit_proofs(check, options, stored, err, ret_proofs);
    occ_stored_free(stored);
    return audited;
}

struct occ_result
occ_check_run(const struct occ_options *options, struct occ_error *err, struct occ_check_outcome *ret_outcome)
{
    struct check check = { .structure = 0 };
    uint64_t proofs = 0;
    struct occ_error why = { 0 };
    struct occ_result result = note_damage(&check, check_structure(&check, options, &why), &why);
    if (occ_is_ok(result)) {
        result = note_damage(&check, check_proofs(&check, options, &why, &proofs), &why);
    }
    if (occ_is_ok(result) && !occ_is_ok(check.printed)) {
        result = occ_error_set(&why, check.printed.code, "standard output cannot be written");
    }
    if (!occ_is_ok(result)) {
        return occ_error_set(err, result.code, "%s", why.text[0] != 0 ? why.text : occ_result_text(result.code));
    }
    *ret_outcome = (struct occ_check_outcome){ .problems = check.structure + check.faults, .proofs = proofs };
    return occ_success();
}
