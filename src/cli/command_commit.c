/* occ commit FILE… */
#include <signal.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/commit.h"
#include "cli/output.h"
#include "cli/text.h"
#include "codec/canonical.h"
#include "crypto/secret.h"

enum {
    LONGEST_REQUEST = 4 << 20,
    LONGEST_OUTPUT = OCC_LIMIT_CANONICAL_LEN + (1 << 20),
    KEY_BYTES = 16 /* random bytes of an Idempotency-Key */
};

static const struct occ_setting table[] = {
    OCC_CLIENT_SETTINGS,
    { .name = "output",
      .letter = 'o',
      .type = OCC_SETTING_TEXT,
      .argument = "FILE",
      .help = "Where the proof goes, for one file; \"-\" is standard output. Without it: FILE.proof.json beside each "
              "FILE." },
    { .name = "force", .letter = 'f', .type = OCC_SETTING_SWITCH, .help = "Replace proof files that exist." },
    { .name = "digest",
      .type = OCC_SETTING_TEXT,
      .argument = "DIGEST",
      .help = "Commit this SHA-256 digest (64 characters of hex, or base64) without a file; its proof goes to standard "
              "output." },
    { .name = "metadata",
      .letter = 'm',
      .type = OCC_SETTING_TEXT,
      .argument = "JSON",
      .help = "A JSON object, or @FILE with one, to stand in every proof. It is public, and not signed." },
    { .name = "file-name",
      .type = OCC_SETTING_SWITCH,
      .help = "Put the name of each file, without its folder, into the proof's metadata as \"fileName\"." },
    OCC_COMMIT_FIELD_SETTINGS,
    { .name = "idempotency-key",
      .type = OCC_SETTING_TEXT,
      .argument = "TEXT",
      .help = "Name this request, so that the same command with the same TEXT gets the same proofs again, for 24 "
              "hours, and "
              "commits nothing a second time. Without it each request has a fresh name, for its own retries." },
    { .name = "batch",
      .type = OCC_SETTING_NUMBER,
      .argument = "NUMBER",
      .min = 1,
      .max = OCC_LIMIT_BATCH_DIGESTS_MAX,
      .fallback = "1000",
      .help = "Digests in one request, at most; a server's own limit is 1,000 unless it says otherwise." },
    { .name = "json",
      .type = OCC_SETTING_SWITCH,
      .help = "Print a JSON array of {\"file\", \"digestB64\", \"proofFile\", \"proof\"}." },
};
static const char *const usage[] = { "[OPTIONS] FILE...", "[OPTIONS] --digest DIGEST", NULL };
static const struct occ_settings_program program = {
    .name = "occ commit",
    .usage = usage,
    .about =
        "Hashes files and commits their digests to a server; only the digests are sent. What comes back is verified, "
        "and each proof written beside its file as FILE.proof.json. FILE may be \"-\" for standard input, whose "
        "proof goes to standard output. Several files make one request.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Example: occ commit photo.jpg && occ verify photo.jpg.proof.json photo.jpg\n"
              "\n"
              "What fails and may go better is tried again until --timeout is over, and\n"
              "commits once: each request has an Idempotency-Key. A commit whose outcome is\n"
              "not known is repeated only if the server says that it keeps such keys.\n"
              "\n"
              "Exit codes: 0 done, 1 the server's answer does not verify, 2 wrong use, 3 the\n"
              "server did not commit, or a file could not be read or written.\n"
};

/* ---- what is printed ---- */

static void
put_line(struct occ_buf *out, const struct occ_commit_item *item, const struct occ_json *proof)
{
    const struct occ_json *commit = occ_json_get(proof, "commit");
    const struct occ_json *counter = occ_json_get(commit, "counter");
    const struct occ_json *time = occ_json_get(commit, "time");
    occ_text_put_safe(out, occ_bytes_str(item->output));
    const char *gap = "  (";
    if (counter != NULL) {
        occ_buf_put_format(out, "%scounter ", gap);
        occ_text_put_safe_cut(out, occ_json_string(counter), 60);
        gap = ", ";
    }
    if (time != NULL) {
        occ_buf_put_str(out, gap);
        occ_text_put_time(out, occ_json_number(time));
        gap = ", ";
    }
    occ_buf_put_str(out, gap[0] == ',' ? ")\n" : "\n");
}

static void
put_object(struct occ_buf *out, const struct occ_commit_item *item, const struct occ_json *proof)
{
    occ_buf_put_str(out, "{\"file\":");
    if (item->file == NULL) {
        occ_buf_put_str(out, "null");
    } else {
        occ_text_put_json_name(out, item->file);
    }
    occ_buf_put_str(out, ",\"digestB64\":\"");
    occ_base64_put(out, occ_bytes_of(item->hash.digest, sizeof item->hash.digest));
    occ_buf_put_str(out, "\",\"proofFile\":");
    if (item->written) {
        occ_text_put_json_name(out, item->output);
    } else {
        occ_buf_put_str(out, "null");
    }
    occ_buf_put_str(out, ",\"proof\":");
    occ_canonical_put(out, proof);
    occ_buf_put_str(out, "}");
}

/* ---- the work ---- */

struct job {
    const struct occ_cli *cli;
    struct occ_client *client;
    struct occ_commit_plan *plan;
    bool json;
    bool opened;      /* the JSON array has begun */
    size_t committed; /* items whose proofs came and verified */
    struct occ_buf *out;
};

/* Says what became of one verified proof, or prints it. */
static enum occ_exit
tell(struct job *job, struct occ_commit_item *item, const struct occ_json *proof)
{
    if (job->json) {
        occ_buf_put_str(job->out, job->opened ? "," : "[");
        job->opened = true;
        put_object(job->out, item, proof);
        return occ_output_json_part(job->cli, job->out);
    }
    if (item->output == NULL) {
        return occ_commit_write(job->cli, job->plan, item, proof, false);
    }
    if (item->written) {
        put_line(job->out, item, proof);
        return occ_output_text(job->cli, job->out);
    }
    return OCC_EXIT_DONE;
}

/* Ctrl-C and the like wait from now on: what was committed is to have its proof files. */
static void
hold_signals(sigset_t *ret_before)
{
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &ends, ret_before);
}

/* Verifies the answer and writes the files. What a request brought is delivered whole, also where one cannot be written. */
static enum occ_exit
store_all(struct job *job, size_t first, size_t count, const struct occ_json *answer)
{
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_commit_check_answer(job->plan, first, count, answer, &err))) {
        return occ_output_fail(job->cli, &err);
    }
    job->committed += count;
    enum occ_exit worst = OCC_EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        struct occ_commit_item *item = &job->plan->items[first + i];
        if (item->output != NULL) {
            const enum occ_exit stored = occ_commit_write(job->cli, job->plan, item, occ_json_at(answer, i), job->json);
            worst = stored > worst ? stored : worst;
        }
    }
    return worst;
}

/* A request's name, the same for all its tries. */
struct name {
    char fresh[2 * KEY_BYTES + 1];
    char again[128];
};

static void
name_request(struct occ_client_request *request, const struct occ_commit_plan *plan, bool is_only, struct name *name)
{
    uint8_t random[KEY_BYTES];
    if (plan->idempotency_key != NULL) {
        request->idempotency_key = plan->idempotency_key;
        request->again = "the same command";
        return;
    }
    occ_secret_random(random, sizeof random);
    occ_hex_encode(occ_bytes_of(random, sizeof random), name->fresh);
    name->fresh[(size_t)2 * KEY_BYTES] = '\0';
    request->idempotency_key = name->fresh;
    if (is_only && plan->fields.actor == NULL) { /* else another run makes other requests */
        (void)snprintf(name->again, sizeof name->again, "the same command with --idempotency-key %s", name->fresh);
        request->again = name->again;
    }
}

static OCC_RESULT
ask(struct job *job, size_t first, size_t count, struct occ_error *err, struct occ_json **ret_answer)
{
    struct name name = { 0 };
    OCC_BUF_AUTO(body, LONGEST_REQUEST);
    OCC_TRY(occ_commit_authorize(job->plan, first, count, job->client, err));
    occ_commit_put_request(job->plan, first, count, &body);
    const struct occ_result built = occ_buf_check(&body);
    if (!occ_is_ok(built)) {
        return occ_error_code(err, built.code);
    }
    struct occ_client_request request = { .path = "/commit", .body = occ_buf_view(&body), .repeat = OCC_CLIENT_KEYED };
    name_request(&request, job->plan, count == job->plan->count, &name);
    return occ_client_call(job->client, &request, err, ret_answer);
}

static enum occ_exit
commit_batch(struct job *job, size_t first, size_t count)
{
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *answer = NULL;
    if (!occ_is_ok(ask(job, first, count, &err, &answer))) {
        return occ_output_fail(job->cli, &err);
    }
    sigset_t before;
    const size_t committed = job->committed;
    hold_signals(&before);
    enum occ_exit worst = store_all(job, first, count, answer);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    for (size_t i = 0; i < count && job->committed > committed; i++) {
        const enum occ_exit told = tell(job, &job->plan->items[first + i], occ_json_at(answer, i));
        worst = told > worst ? told : worst;
    }
    return worst;
}

static enum occ_exit
commit_all(struct job *job)
{
    const struct occ_commit_plan *plan = job->plan;
    enum occ_exit result = OCC_EXIT_DONE;
    for (size_t done = 0; done < plan->count && result == OCC_EXIT_DONE; done = job->committed) {
        result = commit_batch(job, done, occ_commit_batch(plan, done));
    }
    if (job->committed > 0 && job->committed < plan->count) {
        occ_output_note(job->cli, "the first %zu of %zu files are committed", job->committed, plan->count);
    }
    if (!job->opened) {
        return result;
    }
    occ_buf_put_str(job->out, "]");
    const enum occ_exit printed = occ_output_json(job->cli, job->out);
    return result == OCC_EXIT_DONE ? printed : result;
}

static enum occ_exit
run_with(const struct occ_cli *cli, const struct occ_settings *settings, struct occ_client *client,
         struct occ_commit_plan *plan)
{
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_client_init(client, cli, settings, &err)) ||
        !occ_is_ok(occ_commit_plan_init(plan, cli, settings, &err))) {
        return occ_output_fail(cli, &err);
    }
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    struct job job = {
        .cli = cli, .client = client, .plan = plan, .json = occ_settings_switch(settings, "json"), .out = &out
    };
    return commit_all(&job);
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    /* A reader of our output that goes away must not end a commit that has proofs left to write. */
    (void)signal(SIGPIPE, SIG_IGN);
    struct occ_client client = { 0 };
    struct occ_commit_plan plan = { 0 };
    const enum occ_exit result = run_with(cli, settings, &client, &plan);
    occ_commit_plan_clear(&plan);
    occ_client_clear(&client);
    return result;
}

const struct occ_command occ_command_commit = {
    .name = "commit", .summary = "Commit files, and write their proofs beside them.", .settings = &program, .run = run
};
