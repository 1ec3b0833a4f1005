/* occ upgrade PROOF... */
#include <errno.h>
#include <time.h>

#include "base/hex.h"
#include "base/limits.h"
#include "cli/client.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/upgrade.h"
#include "cli/verify_policy.h"
#include "codec/canonical.h"
#include "os/clock.h"
#include "os/file.h"
#include "trust/trust.h"

enum {
    LONGEST_OUTPUT = OCC_LIMIT_PROOFS_LEN,
    LONGEST_PATH = 256,
    ASK_AGAIN_MS = 1000,
    PAGES_MAX = 100000, /* of one digest: a server that goes on for ever is not listened to */
    ALL_SLOTS = OCC_UPGRADE_ARTIFACT | OCC_UPGRADE_PROOF
};

static const struct occ_setting table[] = {
    OCC_CLIENT_SETTINGS,
    OCC_TRUST_SETTINGS(OCC_VERIFY_NO_ENVIRONMENT),
    { .name = "need",
      .type = OCC_SETTING_CHOICE,
      .argument = "WHAT",
      .fallback = "artifact",
      .choices = "artifact|proof|both",
      .help = "Which timestamps a proof must have in the end; all that the server has are taken in any case." },
    { .name = "wait",
      .type = OCC_SETTING_TIME,
      .argument = "TIME",
      .fallback = "0s",
      .max = 24 * 3600 * 1000,
      .help = "Ask again for so long, while a proof lacks what it needs." },
    { .name = "quiet", .letter = 'q', .type = OCC_SETTING_SWITCH, .help = "Print nothing: the exit code says it." },
};
static const char *const usage[] = { "[OPTIONS] PROOF...", NULL };
static const struct occ_settings_program program = {
    .name = "occ upgrade",
    .usage = usage,
    .about =
        "Fetches timestamps that came after the proof was given out. Each PROOF is a file with one proof, or with the "
        "array of proofs that a server answers. A timestamp is taken only if the server's copy is the same proof in "
        "every other respect, and the proof verifies with it; then the file is rewritten, whole or not at all.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "With --tsa-roots, timestamps of other authorities are refused.\n"
              "\n"
              "Exit codes: 0 every proof has what it needs, 1 the server has no timestamp yet,\n"
              "or something was refused, 2 wrong use or malformed input, 3 could not.\n"
};

/* One run of the command. */
struct job {
    const struct occ_cli *cli;
    struct occ_client *client;
    struct occ_upgrade_rules rules;
    unsigned need;
    uint64_t end_us; /* of --wait */
    bool quiet;
};

/* What a file came to. */
struct outcome {
    size_t taken;   /* timestamps that are new */
    size_t lacking; /* proofs that lack what they need */
};

static unsigned
count_bits(unsigned slots)
{
    return (slots & 1) + (slots >> 1 & 1);
}

/* One page of what the server has of a digest, behind the first after. *ret_page NULL: it has none. */
static OCC_RESULT
fetch_page(const struct job *job, const struct occ_proof *proof, size_t after, struct occ_error *err,
           struct occ_json **ret_page)
{
    char hex[2 * OCC_SHA256_LEN + 1] = "";
    occ_hex_encode(occ_bytes_of(proof->digest, OCC_SHA256_LEN), hex);
    OCC_BUF_AUTO(path, LONGEST_PATH);
    occ_buf_put_format(&path, "/proofs/%s?after=%zu", hex, after);
    occ_buf_put_byte(&path, '\0');
    OCC_TRY(occ_buf_check(&path));
    const struct occ_client_request request = { .path = (const char *)path.ptr, .repeat = OCC_CLIENT_ONCE };
    const struct occ_result called = occ_client_call(job->client, &request, err, ret_page);
    if (called.code == OCC_ERR_NOT_FOUND) {
        *ret_page = NULL;
        return occ_success();
    }
    OCC_TRY(called);
    if (!occ_json_is(*ret_page, OCC_JSON_ARRAY)) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.100s answered %s, expected an array of proofs",
                             job->client->shown, occ_json_type_name(*ret_page));
    }
    return occ_success();
}

/* Looks for the proof in a page; OCC_ERR_NOT_FOUND if it is not there. */
static OCC_RESULT
take_from_page(const struct job *job, const struct occ_upgrade *upgrade, const struct occ_json *page,
               struct occ_error *err, struct occ_buf *buf, unsigned *ret_has)
{
    for (size_t i = 0; i < occ_json_length(page); i++) {
        const struct occ_result taken = occ_upgrade_take(&job->rules, upgrade, occ_json_at(page, i), err, buf, ret_has);
        if (taken.code != OCC_ERR_NOT_FOUND) {
            return taken;
        }
    }
    return occ_error_set(err, OCC_ERR_NOT_FOUND, "%.100s does not have this proof", job->client->shown);
}

/* Looks for the proof on the server, page by page. */
static OCC_RESULT
take_from_server(const struct job *job, const struct occ_upgrade *upgrade, struct occ_error *err, struct occ_buf *buf,
                 unsigned *ret_has)
{
    size_t after = 0;
    for (size_t i = 0; i < PAGES_MAX; i++) {
        __attribute__((cleanup(occ_json_cleanup))) struct occ_json *page = NULL;
        OCC_TRY(fetch_page(job, &upgrade->proof, after, err, &page));
        const size_t length = occ_json_length(page);
        const struct occ_result taken = take_from_page(job, upgrade, page, err, buf, ret_has);
        if (taken.code != OCC_ERR_NOT_FOUND || length == 0) {
            return taken;
        }
        after += length;
    }
    return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.100s has more than %d pages of proofs of this digest",
                         job->client->shown, (int)PAGES_MAX);
}

/* Puts the proof into buf, upgraded if there is something new. */
static OCC_RESULT
upgrade_proof(const struct job *job, const struct occ_json *value, struct occ_error *err, struct occ_buf *buf,
              struct outcome *outcome)
{
    struct occ_upgrade upgrade;
    OCC_TRY(occ_upgrade_begin(&job->rules, value, err, &upgrade));
    unsigned has = upgrade.has;
    if (has != ALL_SLOTS) {
        OCC_TRY(take_from_server(job, &upgrade, err, buf, &has));
    }
    if (has == upgrade.has) {
        occ_canonical_put(buf, value);
    }
    outcome->taken += count_bits(has) - count_bits(upgrade.has);
    outcome->lacking += (has & job->need) == job->need ? 0 : 1;
    return occ_buf_check(buf);
}

/* All proofs of a file, once. */
static OCC_RESULT
upgrade_all(const struct job *job, const struct occ_json *root, struct occ_error *err, struct occ_buf *buf,
            struct outcome *outcome)
{
    const bool is_array = occ_input_is_proofs(root);
    occ_buf_put_str(buf, is_array ? "[" : "");
    for (size_t i = 0; i < occ_input_proof_count(root); i++) {
        struct occ_error why = { 0 };
        occ_buf_put_str(buf, i == 0 ? "" : ",");
        const struct occ_result done = upgrade_proof(job, occ_input_proof_at(root, i), &why, buf, outcome);
        if (!occ_is_ok(done)) {
            const char *text = why.text[0] == '\0' ? occ_result_text(done.code) : why.text;
            return is_array ? occ_error_set(err, done.code, "[%zu]: %s", i, text)
                            : occ_error_set(err, done.code, "%s", text);
        }
    }
    occ_buf_put_str(buf, is_array ? "]\n" : "\n");
    return occ_buf_check(buf);
}

static OCC_RESULT
upgrade_file(const struct job *job, const char *path, struct occ_error *err, struct outcome *outcome)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    OCC_BUF_AUTO(text, LONGEST_OUTPUT);
    struct occ_error why = { 0 };
    OCC_TRY(occ_input_proofs(path, err, &root));
    struct outcome found = { 0 };
    const struct occ_result done = upgrade_all(job, root, &why, &text, &found);
    if (!occ_is_ok(done)) {
        return occ_error_set(err, done.code, "%.100s: %s", path, why.text);
    }
    if (found.taken > 0) {
        OCC_TRY(occ_file_write_atomic(path, occ_buf_view(&text), true, err));
    }
    outcome->taken += found.taken;
    outcome->lacking = found.lacking;
    return occ_success();
}

static void
wait_ms(uint64_t ms)
{
    struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* Until it lacks nothing, or --wait is over. */
static OCC_RESULT
upgrade_in_time(const struct job *job, const char *path, struct occ_error *err, struct outcome *outcome)
{
    for (;;) {
        OCC_TRY(upgrade_file(job, path, err, outcome));
        const uint64_t now_us = occ_clock_monotonic_us();
        if (outcome->lacking == 0 || now_us >= job->end_us) {
            return occ_success();
        }
        const uint64_t left_ms = (job->end_us - now_us) / 1000 + 1;
        wait_ms(left_ms < ASK_AGAIN_MS ? left_ms : ASK_AGAIN_MS);
    }
}

static enum occ_exit
say(const struct job *job, const char *path, const struct outcome *outcome)
{
    if (job->quiet) {
        return OCC_EXIT_DONE;
    }
    OCC_BUF_AUTO(line, 4 * LONGEST_PATH + 8192);
    occ_text_put_safe_cut(&line, occ_bytes_str(path), 1000);
    occ_buf_put_format(&line, ": %zu new timestamp%s", outcome->taken, outcome->taken == 1 ? "" : "s");
    if (outcome->lacking > 0) {
        occ_buf_put_format(&line, ", %zu proof%s without what %s", outcome->lacking, outcome->lacking == 1 ? "" : "s",
                           outcome->lacking == 1 ? "it needs" : "they need");
    }
    occ_buf_put_byte(&line, '\n');
    return occ_output_text(job->cli, &line);
}

static enum occ_exit
worse(enum occ_exit a, enum occ_exit b)
{
    return a > b ? a : b;
}

static enum occ_exit
upgrade_files(const struct job *job, const struct occ_settings *settings)
{
    enum occ_exit worst = OCC_EXIT_DONE;
    for (size_t i = 0; i < occ_settings_argument_count(settings); i++) {
        const char *path = occ_settings_argument(settings, i);
        struct occ_error err = { 0 };
        struct outcome outcome = { 0 };
        const struct occ_result done = upgrade_in_time(job, path, &err, &outcome);
        if (!occ_is_ok(done)) {
            worst = worse(worst, occ_output_fail(job->cli, &err));
            continue;
        }
        worst = worse(worst, outcome.lacking > 0 ? OCC_EXIT_REFUSED : OCC_EXIT_DONE);
        worst = worse(worst, say(job, path, &outcome));
    }
    return worst;
}

static unsigned
need_of(const char *word)
{
    return strcmp(word, "both") == 0    ? (unsigned)ALL_SLOTS
           : strcmp(word, "proof") == 0 ? (unsigned)OCC_UPGRADE_PROOF
                                        : (unsigned)OCC_UPGRADE_ARTIFACT;
}

static enum occ_exit
check_use(const struct occ_cli *cli, const struct occ_settings *settings)
{
    if (occ_settings_argument_count(settings) == 0) {
        return occ_output_usage(cli, "no PROOF, expected the names of files with proofs");
    }
    for (size_t i = 0; i < occ_settings_argument_count(settings); i++) {
        if (strcmp(occ_settings_argument(settings, i), "-") == 0) {
            return occ_output_usage(cli, "\"-\" is no file that could be rewritten");
        }
    }
    return OCC_EXIT_DONE;
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const enum occ_exit use = check_use(cli, settings);
    if (use != OCC_EXIT_DONE) {
        return use;
    }
    struct occ_error err = { 0 };
    struct occ_client client = { 0 };
    occ_verifier *verifier = NULL;
    enum occ_exit result;
    if (!occ_is_ok(occ_trust_verifier(settings, &err, &verifier)) ||
        !occ_is_ok(occ_client_init(&client, cli, settings, &err))) {
        result = occ_output_fail(cli, &err);
    } else {
        const struct job job = { .cli = cli,
                                 .client = &client,
                                 .rules = { .verifier = verifier,
                                            .only_trusted = occ_settings_text(settings, "tsa-roots") != NULL },
                                 .need = need_of(occ_settings_text(settings, "need")),
                                 .end_us = occ_clock_monotonic_us() + occ_settings_number(settings, "wait") * 1000,
                                 .quiet = occ_settings_switch(settings, "quiet") };
        result = upgrade_files(&job, settings);
    }
    occ_client_clear(&client);
    occ_verifier_free(verifier);
    return result;
}

const struct occ_command occ_command_upgrade = { .name = "upgrade",
                                                 .summary = "Fetch timestamps that came after a proof was given out.",
                                                 .settings = &program,
                                                 .run = run };
