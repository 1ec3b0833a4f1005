#include "kinds.h"

#include <string.h>
#include <sys/socket.h>

enum { NEVER = 1 << 30 };                    /* ms */
static const uint64_t AWAY = UINT64_MAX / 2; /* µs: until the end */

enum { MS = 1000, SECOND = 1000 * MS, BATCH = 1000, BATCH_CUT = 100, PIPELINED = 8 };

/* Splitmix64 again: which plan, how long a rest. */
static uint64_t
chance(struct client *client)
{
    uint64_t x = client->random += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void
rest(struct client *client, uint64_t least_us, uint64_t most_us)
{
    client->wake_us = client->crowd->now_us + least_us + chance(client) % (most_us - least_us + 1);
}

static void
ask(struct client *client, enum call call, unsigned answers)
{
    client->call = call;
    client->awaited = answers;
    client->asked_us = client->crowd->now_us;
    client->crowd->pending += answers > 0;
}

static void
put_commit(struct client *client, uint64_t first, size_t count, const char *headers)
{
    char digest[DIGEST_B64 + 1];
    const size_t entry = sizeof "{\"digestB64\":\"\",\"hashAlg\":\"sha256\"}" - 1 + DIGEST_B64;
    client_put(client,
               "POST /commit HTTP/1.1\r\nHost: crowd\r\nContent-Type: application/json\r\n%sContent-Length: "
               "%zu\r\n\r\n{\"digests\":[",
               headers, sizeof "{\"digests\":[]}" - 1 + count * (entry + 1) - 1);
    for (size_t i = 0; i < count; i++) {
        record_digest_b64(client->crowd->record, first + i, digest);
        client_put(client, "%s{\"digestB64\":\"%s\",\"hashAlg\":\"sha256\"}", i == 0 ? "" : ",", digest);
    }
    client_put(client, "]}");
}

static void
commit(struct client *client, size_t count, unsigned requests, const char *headers)
{
    client->first = record_take(client->crowd->record, count * requests);
    client->count = count;
    for (unsigned i = 0; i < requests; i++) {
        put_commit(client, client->first + i * count, count, headers);
    }
    ask(client, CALL_COMMIT, requests);
}

static void
next_fast(struct client *client)
{
    commit(client, 1, 1, "");
}

static void
next_pipelined(struct client *client)
{
    commit(client, 1, PIPELINED, "");
}

/* Three commits; behind the third either side closes. */
static void
next_reconnecting(struct client *client)
{
    client->is_last = client->served == 2 && chance(client) % 2 == 0;
    commit(client, 1, 1, client->is_last ? "Connection: close\r\n" : "");
}

static void
next_verifying(struct client *client)
{
    const struct crowd *crowd = client->crowd;
    if (crowd->proof_len == 0) {
        rest(client, 100 * MS, 200 * MS);
        return;
    }
    client_put(client,
               "POST /verify HTTP/1.1\r\nHost: crowd\r\nContent-Type: application/json\r\nContent-Length: "
               "%zu\r\n\r\n{\"proof\":",
               crowd->proof_len + sizeof "{\"proof\":}" - 1);
    client_put_bytes(client, crowd->proof, crowd->proof_len);
    client_put(client, "}");
    ask(client, CALL_VERIFY, 1);
}

static void
next_looking_up(struct client *client)
{
    struct record *record = client->crowd->record;
    const uint64_t sent = record_sent(record);
    const uint64_t number = sent == 0 ? UINT64_MAX : record_answered_near(record, chance(client) % sent);
    if (number == UINT64_MAX) {
        rest(client, 100 * MS, 200 * MS);
        return;
    }
    char digest[65];
    record_digest_hex(record, number, digest);
    client_put(client, "GET /proofs/%s HTTP/1.1\r\nHost: crowd\r\n\r\n", digest);
    client->first = number;
    ask(client, CALL_LOOKUP, 1);
}

static void
next_slot(struct client *client)
{
    client_put(
        client,
        "POST /allocate-slot HTTP/1.1\r\nHost: crowd\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    ask(client, CALL_SLOT, 1);
}

/* One commit, and then nothing: the server may close when it has waited long enough. */
static void
next_idle(struct client *client)
{
    if (client->served == 0) {
        commit(client, 1, 1, "");
    }
}

static void
next_idle_calling(struct client *client)
{
    client_put(client, "GET /health HTTP/1.1\r\nHost: crowd\r\n\r\n");
    ask(client, CALL_HEALTH, 1);
}

/* Head at once and the body byte by byte, in time; or the head itself so slowly that the server gives up (408). */
static void
next_slow_sender(struct client *client)
{
    client->plan = (unsigned)(chance(client) % 2);
    commit(client, 1, 1, "");
    const char *body = memmem(client->out.at, client->out.len, "\r\n\r\n", 4);
    client->send_step = 1;
    client->read_step = 0;
    client->step_us = client->plan == 0 ? 60 * MS : 150 * MS;
    client->send_quota = client->plan == 0 ? (size_t)(body + 4 - client->out.at) : 1;
    client->wake_us = client->crowd->now_us + client->step_us;
}

static void
next_slow_reader(struct client *client)
{
    const int small = 16384;
    setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    commit(client, BATCH, 1, "");
    client->send_step = 0;
    client->read_step = client->read_quota = 16384;
    client->step_us = 100 * MS;
    client->wake_us = client->crowd->now_us + client->step_us;
}

enum broken {
    CUT_HEAD,
    CUT_HEAD_RESET,
    CUT_BODY,
    CUT_BODY_RESET,
    CUT_ANSWER,
    CUT_ANSWER_RESET,
    GARBAGE,
    BAD_JSON,
    HALF_CLOSED,
    NO_WORD,
    LEFT_AT_ONCE,
    BROKEN_COUNT
};

/* Sends so much of a commit, and is gone. */
static void
send_part(struct client *client, size_t count, size_t len, bool with_reset)
{
    put_commit(client, record_take(client->crowd->record, count), count, "");
    if (send(client->fd, client->out.at, len < client->out.len ? len : client->out.len, MSG_NOSIGNAL) < 0) {
        crowd_say(client->crowd, client->kind, "cannot send", "", 0);
    }
    client_leave(client, with_reset, 500 * MS + chance(client) % SECOND);
}

static void
next_broken(struct client *client)
{
    static const char garbage[] = "\x16\x03\x01\x02\x01 \xff\xfe GET\r\n\r\n\r\n";
    client->plan = (unsigned)(chance(client) % BROKEN_COUNT);
    switch (client->plan) {
    case CUT_HEAD:
    case CUT_HEAD_RESET:
        send_part(client, 1, 20 + chance(client) % 60, client->plan == CUT_HEAD_RESET);
        return;
    case CUT_BODY:
    case CUT_BODY_RESET:
        send_part(client, BATCH_CUT, 200 + chance(client) % 5000, client->plan == CUT_BODY_RESET);
        return;
    case CUT_ANSWER:
    case CUT_ANSWER_RESET:
        commit(client, BATCH_CUT, 1, "");
        client->cut_after = 1 + chance(client) % 30000;
        return;
    case GARBAGE:
        client_put_bytes(client, garbage, sizeof garbage - 1);
        ask(client, CALL_BAD, 1);
        return;
    case BAD_JSON:
        client_put(client, "POST /commit HTTP/1.1\r\nHost: crowd\r\nContent-Type: application/json\r\nContent-Length: "
                           "13\r\n\r\n{\"digests\":[}");
        ask(client, CALL_BAD, 1);
        return;
    case HALF_CLOSED:
        commit(client, 1, 1, "");
        if (send(client->fd, client->out.at, client->out.len, MSG_NOSIGNAL) == (ssize_t)client->out.len) {
            client->out_at = client->out.len;
        }
        shutdown(client->fd, SHUT_WR);
        return;
    case NO_WORD:
        rest(client, SECOND, 2 * SECOND);
        client->plan = LEFT_AT_ONCE;
        return;
    default:
        send_part(client, 1, 10000, true);
        return;
    }
}

/* More than a thousand, since the server closes idle ones now and then; the last two kinds come and go beside them. */
const struct kind kinds[] = {
    [KIND_FAST] = { "fast", 250, true, 0, 0, next_fast },
    { "pipelining", 30, true, 20, 100, next_pipelined },
    { "verifying", 50, true, 50, 100, next_verifying },
    { "looking up", 50, true, 50, 100, next_looking_up },
    { "taking slots", 10, true, 1000, 3000, next_slot },
    { "slow reading", 10, true, 50, 500, next_slow_reader },
    { "idle, now and then a call", 100, true, 2000, 20000, next_idle_calling },
    { "slow sending", 120, false, 50, 500, next_slow_sender },
    { "idle", 450, true, NEVER, NEVER, next_idle },
    { "reconnecting", 50, true, 20, 100, next_reconnecting },
    { "broken", 120, false, 500, 1500, next_broken },
};
const unsigned kinds_count = sizeof kinds / sizeof kinds[0];

void
kinds_next(struct client *client)
{
    if (client->crowd->is_ending) {
        client_leave(client, false, AWAY);
        return;
    }
    client->out.len = client->out_at = 0;
    kinds[client->kind].next(client);
}

static const char *
check_answer(struct client *client, int status, const char *body, size_t len)
{
    struct crowd *crowd = client->crowd;
    if (client->call == CALL_BAD) {
        return status == 400 ? NULL : "what is not HTTP or JSON is not answered with 400";
    }
    if (status != 200) {
        return kinds[client->kind].is_behaved ? "is answered with an error:" : NULL;
    }
    switch (client->call) {
    case CALL_COMMIT:
        return record_answer(crowd->record, client->first, client->count, body, len);
    case CALL_VERIFY:
        return len == 14 && memcmp(body, "{\"valid\":true}", 14) == 0 ? NULL : "a good proof is refused:";
    case CALL_LOOKUP:
        return record_found(crowd->record, client->first, body, len);
    case CALL_SLOT:
        return record_slot(crowd->record, body, len);
    case CALL_HEALTH:
        return len == 11 && memcmp(body, "{\"ok\":true}", 11) == 0 ? NULL : "the service is not well:";
    default:
        return "an answer to nothing:";
    }
}

static void
keep_proof(struct crowd *crowd, const char *body, size_t len)
{
    size_t proof_len;
    const char *proof = record_first_proof(body, len, &proof_len);
    if (proof_len > 0 && proof_len <= 4096) {
        memcpy(crowd->proof, proof, proof_len);
        crowd->proof_len = proof_len;
    }
}

/* What it does behind its last answer. */
static void
go_on(struct client *client, int status)
{
    const struct kind *kind = &kinds[client->kind];
    const bool is_closing = client->is_last || status == 408 || (client->call == CALL_BAD && client->plan == GARBAGE);
    client->served++;
    client->call = CALL_NONE;
    client->step_us = 0;
    client->wake_us = UINT64_MAX;
    if (is_closing) {
        return; /* the server does it */
    }
    if (client->crowd->is_ending) {
        client_leave(client, false, AWAY);
    } else if (kind->next == next_broken || (kind->next == next_reconnecting && client->served == 3)) {
        client_leave(client, false, 500 * MS + chance(client) % SECOND);
    } else if (kind->rest_most_ms == 0) {
        kinds_next(client);
    } else if (kind->rest_most_ms != NEVER) {
        rest(client, kind->rest_least_ms * MS, kind->rest_most_ms * MS);
    }
}

void
kinds_answered(struct client *client, int status, const char *body, size_t len)
{
    struct crowd *crowd = client->crowd;
    crowd->answers_all++;
    crowd->answers[client->kind][status >= 0 && status < STATUS_MAX ? status : 0]++;
    const char *wrong = client->awaited == 0 ? "an answer to nothing:" : check_answer(client, status, body, len);
    if (wrong != NULL) {
        crowd_say(crowd, client->kind, wrong, body, len);
    }
    if (client->awaited == 0) {
        return;
    }
    client->first += client->call == CALL_COMMIT ? client->count : 0;
    if (client->latency != NULL && crowd->is_counting && !crowd->is_ending) {
        histogram_add(client->latency, crowd->now_us - client->asked_us);
        client->counted++;
        if (client->counted % 64 == 0) {
            keep_proof(crowd, body, len);
        }
    } else if (crowd->proof_len == 0 && client->call == CALL_COMMIT && status == 200) {
        keep_proof(crowd, body, len);
    }
    if (--client->awaited == 0) {
        crowd->pending--;
        go_on(client, status);
    }
}

void
kinds_closed(struct client *client)
{
    struct crowd *crowd = client->crowd;
    /* Between two requests the server may close when it has waited long enough; in the middle of one it may not. */
    const bool is_fair = client->awaited == 0 || !kinds[client->kind].is_behaved;
    if (is_fair) {
        crowd->closed[client->kind]++;
    } else {
        crowd->unexpected[client->kind]++;
        crowd_say(crowd, client->kind, "is closed in the middle of a request", "", 0);
    }
    client_leave(client, false, MS);
}
