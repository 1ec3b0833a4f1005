/* stored.c — see stored.h. */
#include "audit/stored.h"

#include <stdlib.h>

#include "base/base64.h"
#include "ledger/ledger.h"

enum {
    MARK = 1024,           /* proofs between two places that can be returned to */
    FILL_PROOFS = 64,      /* proofs that are read at a time, */
    FILL_LEN = 256 << 10,  /* but no more once there are so many bytes */
    NAMES_IN_MEMORY = MARK /* of one stretch between two marks */
};

#define TEXT_LEN_MAX (FILL_LEN + FILL_PROOFS * (size_t)OCC_LIMIT_CANONICAL_LEN)
#define QUEUE_LEN_MAX (32u << 20) /* twice what the pipeline's batches and a text of empty lines can hold */

/* A chain of the ledger: its name, and the name that its proofs have in records (record.h). */
struct chain {
    struct occ_stored_name name; /* counter is not used */
    uint8_t hash[OCC_SHA256_LEN];
};

/* What the ledger says of a proof that is on its way through the audit. */
struct expected {
    size_t chain;
    uint64_t counter;
    uint8_t digest[OCC_SHA256_LEN];
};

struct occ_stored {
    struct occ_ledger_reader *reader; /* walks */
    struct occ_ledger_reader *asker;  /* asks while the other walks */
    uint64_t cursor, lines;           /* behind the last proof that was read; how many were */
    bool begun, ended;
    struct occ_buf text; /* read and not yet given out: from text_begin on */
    size_t text_begin;
    struct chain *chains;
    size_t chain_count, last_chain;
    struct occ_buf queue; /* struct expected, of the lines from queue_line on */
    size_t queue_begin;   /* index of its first that counts */
    uint64_t queue_line;
    uint64_t *marks; /* cursor in front of line n * MARK + 1 */
    size_t mark_count;
    /* the stretch of names that was asked for last */
    struct occ_stored_name *names;
    size_t name_count;
    uint64_t names_line; /* of names[0]; 0 = none */
};

/* ---- opening ---- */

static OCC_RESULT
open_readers(struct occ_stored *stored, const char *folder, struct occ_error *err)
{
    const struct occ_ledger_options options = { .folder = folder };
    OCC_TRY(occ_ledger_reader_new(NULL, &options, err, &stored->reader));
    return occ_ledger_reader_new(NULL, &options, err, &stored->asker);
}

struct occ_result
occ_stored_new(const char *folder, struct occ_error *err, struct occ_stored **ret_stored)
{
    struct occ_stored *stored = calloc(1, sizeof *stored);
    if (stored == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    stored->text = OCC_BUF_INIT(TEXT_LEN_MAX);
    stored->queue = OCC_BUF_INIT(QUEUE_LEN_MAX);
    stored->queue_line = 1;
    const struct occ_result opened = open_readers(stored, folder, err);
    if (!occ_is_ok(opened)) {
        occ_stored_free(stored);
        return opened;
    }
    *ret_stored = stored;
    return occ_success();
}

void
occ_stored_free(struct occ_stored *stored)
{
    if (stored == NULL) {
        return;
    }
    occ_ledger_reader_free(stored->reader);
    occ_ledger_reader_free(stored->asker);
    occ_buf_clear(&stored->text);
    occ_buf_clear(&stored->queue);
    free(stored->chains);
    free(stored->marks);
    free(stored->names);
    free(stored);
}

/* ---- chains ---- */

static struct occ_stored_name
name_of(const struct occ_ledger_found *found)
{
    struct occ_stored_name name = { .counter = found->counter };
    name.epoch_len = found->epoch_id.len < sizeof name.epoch ? found->epoch_id.len : sizeof name.epoch;
    name.chain_len = found->chain_id.len < sizeof name.chain ? found->chain_id.len : sizeof name.chain;
    memcpy(name.epoch, found->epoch_id.ptr, name.epoch_len);
    if (name.chain_len > 0) {
        memcpy(name.chain, found->chain_id.ptr, name.chain_len);
    }
    return name;
}

static bool
is_of(const struct chain *chain, const struct occ_ledger_found *found)
{
    return occ_bytes_equal(occ_bytes_of(chain->name.epoch, chain->name.epoch_len), found->epoch_id) &&
           occ_bytes_equal(occ_bytes_of(chain->name.chain, chain->name.chain_len), found->chain_id);
}

static struct occ_result
take_key(void *ctx, const struct occ_ledger_epoch_info *info)
{
    struct occ_buf *key_b64 = ctx;
    occ_base64_put(key_b64, occ_bytes_of(info->epoch.public_key, sizeof info->epoch.public_key));
    return occ_buf_check(key_b64);
}

/* With the epoch's key as the ledger has it: a proof by another is in no chain of this ledger. */
static OCC_RESULT
add_chain(struct occ_stored *stored, const struct occ_ledger_found *found)
{
    struct chain *chains = reallocarray(stored->chains, stored->chain_count + 1, sizeof chains[0]);
    OCC_ENSURE(chains != NULL, OCC_ERR_NOMEM);
    stored->chains = chains;
    OCC_BUF_AUTO(key_b64, 64);
    OCC_BUF_AUTO(text, 1024);
    OCC_TRY(occ_ledger_epoch_of(stored->asker, found->epoch_id, take_key, &key_b64, NULL));
    struct chain *chain = &chains[stored->chain_count];
    chain->name = name_of(found);
    occ_record_name_chain(&text, found->epoch_id, occ_buf_view(&key_b64), found->chain_id, chain->hash);
    OCC_TRY(occ_buf_check(&text));
    stored->last_chain = stored->chain_count;
    stored->chain_count++;
    return occ_success();
}

/* Sets last_chain; most proofs are of the chain of the one before. */
static OCC_RESULT
find_chain(struct occ_stored *stored, const struct occ_ledger_found *found)
{
    if (stored->last_chain < stored->chain_count && is_of(&stored->chains[stored->last_chain], found)) {
        return occ_success();
    }
    for (size_t i = stored->chain_count; i > 0; i--) {
        if (is_of(&stored->chains[i - 1], found)) {
            stored->last_chain = i - 1;
            return occ_success();
        }
    }
    return add_chain(stored, found);
}

/* ---- as a stream ---- */

/* A proof's text is one line, whatever a damaged one holds: else the lines behind it would be counted wrongly. */
static void
put_line(struct occ_buf *text, const struct occ_ledger_found *found)
{
    const size_t begin = text->len;
    occ_ledger_put_joined(text, found);
    for (size_t i = begin; i < text->len; i++) {
        if (text->ptr[i] == '\n') {
            text->ptr[i] = ' ';
        }
    }
    occ_buf_put_byte(text, '\n');
}

static struct occ_result
take_proof(void *ctx, const struct occ_ledger_found *found)
{
    struct occ_stored *stored = ctx;
    OCC_TRY(find_chain(stored, found));
    struct expected expected = { .chain = stored->last_chain, .counter = found->counter };
    memcpy(expected.digest, found->digest, sizeof expected.digest);
    occ_buf_put(&stored->queue, occ_bytes_of(&expected, sizeof expected));
    put_line(&stored->text, found);
    stored->lines++;
    OCC_TRY(occ_buf_check(&stored->queue));
    return occ_buf_check(&stored->text);
}

static OCC_RESULT
mark(struct occ_stored *stored)
{
    uint64_t *marks = reallocarray(stored->marks, stored->mark_count + 1, sizeof marks[0]);
    OCC_ENSURE(marks != NULL, OCC_ERR_NOMEM);
    stored->marks = marks;
    marks[stored->mark_count] = stored->cursor;
    stored->mark_count++;
    return occ_success();
}

static OCC_RESULT
fill(struct occ_stored *stored, struct occ_error *err)
{
    occ_buf_reset(&stored->text);
    stored->text_begin = 0;
    while (!stored->ended && stored->text.len < FILL_LEN) {
        if (stored->lines % MARK == 0) {
            OCC_TRY(mark(stored));
        }
        const uint64_t before = stored->lines;
        const size_t left = MARK - (size_t)(before % MARK);
        const size_t limit = left < FILL_PROOFS ? left : FILL_PROOFS;
        OCC_TRY(occ_ledger_walk(stored->reader, &stored->cursor, limit, take_proof, stored, err));
        stored->ended = stored->lines == before;
    }
    return occ_success();
}

static struct occ_result
next_stream(void *ctx, struct occ_error *err, bool *ret_more)
{
    (void)err;
    struct occ_stored *stored = ctx;
    *ret_more = !stored->begun;
    stored->begun = true;
    return occ_success();
}

static struct occ_result
read_stream(void *ctx, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len)
{
    struct occ_stored *stored = ctx;
    if (stored->text_begin == stored->text.len) {
        OCC_TRY(fill(stored, err));
    }
    const size_t left = stored->text.len - stored->text_begin;
    const size_t len = left < cap ? left : cap;
    if (len > 0) {
        memcpy(ret, stored->text.ptr + stored->text_begin, len);
    }
    stored->text_begin += len;
    *ret_len = len;
    return occ_success();
}

/* ---- the places of proofs ---- */

static struct expected
take_expected(struct occ_stored *stored, uint64_t line)
{
    struct expected expected;
    stored->queue_begin += (size_t)(line - stored->queue_line);
    stored->queue_line = line;
    memcpy(&expected, stored->queue.ptr + stored->queue_begin * sizeof expected, sizeof expected);
    if (stored->queue_begin >= MARK) {
        occ_buf_drop_front(&stored->queue, stored->queue_begin * sizeof expected);
        stored->queue_begin = 0;
    }
    return expected;
}

static OCC_RESULT
add_misplaced(struct occ_findings *findings, const struct occ_judged *judged, const struct occ_place *place,
              const char *sentence)
{
    struct occ_finding finding = occ_finding_at(OCC_FINDING_MISPLACED, place, NULL);
    (void)occ_error_set(&finding.said, OCC_OK, "%s, counter %.*s", sentence, OCC_COUNTER_ARG(&judged->record.counter));
    return occ_findings_add(findings, &finding);
}

static struct occ_result
see(void *ctx, const struct occ_judged *judged, const struct occ_place *place, struct occ_findings *findings)
{
    struct occ_stored *stored = ctx;
    const struct expected expected = take_expected(stored, place->line);
    if (!judged->in_chain) {
        return occ_success(); /* a fault of its own */
    }
    const struct occ_record *record = &judged->record;
    if (memcmp(record->chain, stored->chains[expected.chain].hash, OCC_SHA256_LEN) != 0) {
        return add_misplaced(findings, judged, place, "the proof that is kept here is of another epoch, key or chain");
    }
    uint64_t counter = 0;
    if (!occ_counter_small(&record->counter, &counter) || counter != expected.counter) {
        return add_misplaced(findings, judged, place, "the proof that is kept here is another");
    }
    if (memcmp(judged->digest, expected.digest, sizeof expected.digest) != 0) {
        return add_misplaced(findings, judged, place, "it is found by another digest than its artifact's");
    }
    return occ_success();
}

struct occ_result
occ_stored_audit(struct occ_stored *stored, const struct occ_audit_options *options, struct occ_error *err,
                 struct occ_audit **ret_audit)
{
    struct occ_audit_options mine = *options;
    mine.seen = see;
    mine.seen_ctx = stored;
    const struct occ_pipeline_source source = { .ctx = stored, .next = next_stream, .read = read_stream };
    return occ_audit_run(&mine, &source, err, ret_audit);
}

/* ---- names of lines ---- */

static struct occ_result
take_name(void *ctx, const struct occ_ledger_found *found)
{
    struct occ_stored *stored = ctx;
    stored->names[stored->name_count] = name_of(found);
    stored->name_count++;
    return occ_success();
}

static bool
read_names(struct occ_stored *stored, size_t index)
{
    if (stored->names == NULL) {
        stored->names = calloc(NAMES_IN_MEMORY, sizeof stored->names[0]);
    }
    if (stored->names == NULL || index >= stored->mark_count) {
        return false;
    }
    uint64_t cursor = stored->marks[index];
    stored->names_line = 0;
    stored->name_count = 0;
    if (!occ_is_ok(occ_ledger_walk(stored->asker, &cursor, NAMES_IN_MEMORY, take_name, stored, NULL))) {
        return false;
    }
    stored->names_line = (uint64_t)index * MARK + 1;
    return true;
}

bool
occ_stored_name(struct occ_stored *stored, uint64_t line, struct occ_stored_name *ret_name)
{
    const uint64_t first = (line - 1) / MARK * MARK + 1;
    if (stored->names_line != first && !read_names(stored, (size_t)((line - 1) / MARK))) {
        return false;
    }
    if (line - first >= stored->name_count) {
        return false;
    }
    *ret_name = stored->names[line - first];
    return true;
}
