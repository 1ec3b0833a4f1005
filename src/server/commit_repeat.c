#include "server/commit_repeat.h"

#include <stdlib.h>

#include "base/limits.h"

struct occ_commit_repeat {
    struct occ_server *server;
    occ_commit_repeat_done *done;
    void *ctx;
    struct occ_repeat_key key;
    char scope[OCC_KEYS_NAME_SIZE];
    struct occ_repeats_entry entry;
    struct occ_asker asker;
    struct occ_replay replay;
    bool leads;
};

#define REPEAT_OF(member_ptr, member) \
    ((struct occ_commit_repeat *)(void *)((char *)(member_ptr)-offsetof(struct occ_commit_repeat, member)))

static void
end(struct occ_commit_repeat *repeat, enum occ_err code, const char *why)
{
    repeat->done(repeat->ctx, occ_result_of(code), why, &repeat->replay);
}

/*
 * DESIGN §4, promise 5. Asked before an answer is read and, with its length, when it was: others were read meanwhile. An answer
 * that is alone always has room, however long it is.
 */
static bool
has_room(const struct occ_server *server, size_t len)
{
    const size_t taken = occ_http_server_unsent(server->http) + server->held_len;
    return taken == 0 || taken + len <= OCC_LIMIT_ANSWERS_LEN;
}

/* A reading thread. */
static void
look_up(void *job, struct occ_ledger_reader *reader)
{
    struct occ_commit_repeat *repeat = job;
    occ_replay_read(&repeat->replay, reader);
}

static void
looked_up(void *job)
{
    struct occ_commit_repeat *repeat = job;
    const struct occ_replay *replay = &repeat->replay;
    const enum occ_err code = replay->result.code;
    if (replay->found && !has_room(repeat->server, replay->answer.len)) {
        end(repeat, OCC_ERR_BUSY, NULL); /* the same key gives it again */
        return;
    }
    if (code == OCC_OK || code == OCC_ERR_REPEAT || code == OCC_ERR_UNAVAILABLE) {
        end(repeat, code, NULL);
        return;
    }
    /* Whether it was committed is not known: nothing may be signed for it. */
    occ_event_error(&repeat->server->events, OCC_EVENT_ERROR, "ledger not read", replay->err.text);
    end(repeat, code, "the ledger cannot be read, try again later");
}

/* Boundary and ledger agree: what the ledger does not have was never given out, and nobody else has the lead. */
static void
is_ready(struct occ_asker *asker, struct occ_result ready)
{
    struct occ_commit_repeat *repeat = REPEAT_OF(asker, asker);
    if (!occ_is_ok(ready)) {
        end(repeat, ready.code, NULL);
        return;
    }
    const struct occ_result taken = has_room(repeat->server, 0)
                                        ? occ_store_read_first(repeat->server->store, look_up, looked_up, repeat)
                                        : occ_result_of(OCC_ERR_BUSY);
    if (!occ_is_ok(taken)) {
        end(repeat, taken.code, NULL);
    }
}

static void
take_lead(struct occ_commit_repeat *repeat)
{
    repeat->leads = true;
    occ_replay_init(&repeat->replay, repeat->entry.repeat, repeat->entry.body);
    repeat->asker.done = is_ready;
    occ_boundary_when_ready(repeat->server->boundary, &repeat->asker);
}

static void
lead_or_out(struct occ_repeats_entry *entry, struct occ_result result)
{
    struct occ_commit_repeat *repeat = REPEAT_OF(entry, entry);
    if (occ_is_ok(result)) {
        take_lead(repeat);
        return;
    }
    end(repeat, result.code,
        result.code == OCC_ERR_TIMEOUT ? "a request with this Idempotency-Key is still under way, try again later"
                                       : NULL);
}

void
occ_commit_repeat_hash(struct occ_commit_repeat *repeat, struct occ_bytes body, struct occ_opaque *opaque)
{
    opaque->has_repeat = true;
    occ_digest_sha256(body, opaque->body);
    occ_repeat_hash(&repeat->key, repeat->scope, opaque->body, opaque->repeat);
    memcpy(repeat->entry.repeat, opaque->repeat, OCC_SHA256_LEN);
    memcpy(repeat->entry.body, opaque->body, OCC_SHA256_LEN);
}

void
occ_commit_repeat_begin(struct occ_commit_repeat *repeat)
{
    bool leads = false;
    repeat->entry.go = lead_or_out;
    const struct occ_result entered = occ_repeats_enter(repeat->server->repeats, &repeat->entry, &leads);
    if (!occ_is_ok(entered)) {
        end(repeat, entered.code, NULL);
    } else if (leads) {
        take_lead(repeat);
    }
}

struct occ_commit_repeat *
occ_commit_repeat_new(struct occ_server *server, const struct occ_repeat_key *key, const char *scope,
                      occ_commit_repeat_done *done, void *ctx)
{
    struct occ_commit_repeat *repeat = calloc(1, sizeof(*repeat));
    if (repeat == NULL) {
        return NULL;
    }
    repeat->server = server;
    repeat->done = done;
    repeat->ctx = ctx;
    repeat->key = *key;
    memcpy(repeat->scope, scope, strlen(scope) + 1);
    return repeat;
}

void
occ_commit_repeat_free(struct occ_commit_repeat *repeat)
{
    if (repeat == NULL) {
        return;
    }
    if (repeat->leads) {
        occ_repeats_leave(repeat->server->repeats, &repeat->entry);
    }
    occ_buf_clear(&repeat->replay.answer);
    free(repeat);
}
