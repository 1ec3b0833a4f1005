/*
 * gate.h — the commit gate: the state machine that decides what is committed (PROTOCOL §2.3, DESIGN §3, §4).
 *
 * Bytes of frames in, bytes of frames out; time, random and the key come in as parameters. Invariants:
 *   - counter, link and signature of a chain move together or not at all;
 *   - a request is checked whole before anything moves; one bad digest commits nothing of it;
 *   - what was given out stays in the retention store until it is acknowledged; when the store is full, commits are refused;
 *   - what is signed and waits for a document was given to nobody: it is given out whole, or discarded with all that waits;
 *   - nothing that a caller wrote is pasted: values are parsed and written anew;
 *   - what is given out to be used once costs no memory until it is used (ticket.h), and works once.
 */
#ifndef OCC_BOUNDARY_GATE_H
#define OCC_BOUNDARY_GATE_H

#include "boundary/agency.h"
#include "boundary/attester.h"
#include "boundary/outbox.h"
#include "boundary/signer.h"
#include "codec/json.h"

struct occ_gate_config {
    struct occ_signer signer; /* moved: the gate clears it */
    struct occ_attester attester;
    uint64_t (*now_ms)(void *ctx);    /* Unix milliseconds */
    uint64_t (*uptime_ms)(void *ctx); /* milliseconds of a clock that nobody sets and that never goes back */
    void (*random)(void *ctx, void *ret, size_t len);
    /*
     * Verifies a proof of an earlier epoch: signature, and attestation, agency and slot where it has them. A refusal has a
     * sentence in *err. NULL = no epoch can be linked.
     */
    OCC_RESULT (*check_predecessor)(void *ctx, const struct occ_json *proof, struct occ_error *err);
    void *ctx;
    const struct occ_bytes *chain_ids; /* of the chains beside the default one, valid (PROTOCOL §6); outlive the gate */
    size_t chain_id_count;             /* below OCC_LIMIT_CHAINS */
    struct occ_agency_rules rules;     /* what they point to outlives the gate */
    uint32_t digests_max;              /* of one request; 0 = OCC_LIMIT_BATCH_DIGESTS_MAX */
    size_t retained_len_max;           /* bytes; 0 = OCC_LIMIT_RETAINED_LEN */
    /* So many chains are signed at the same time, if the signer lets them; 0 or 1 = one after the other. */
    size_t workers;
    /*
     * Runs job(arg, 0) … job(arg, count - 1), in any order or at the same time, and comes back when all are done. NULL = one after
     * the other.
     */
    void (*run)(void *run_ctx, void (*job)(void *arg, size_t index), void *arg, size_t count);
    void *run_ctx;
};

struct occ_gate;

/* Begins an epoch: boot nonce, epochId, the key of its tickets, a self-test of the signer. On failure the signer is cleared too. */
OCC_RESULT occ_gate_new(const struct occ_gate_config *config, struct occ_error *err, struct occ_gate **ret_gate);
void occ_gate_free(struct occ_gate *gate);

/* A parent has connected: HELLO is expected next. (One session at a time: the caller refuses a second.) */
void occ_gate_begin_session(struct occ_gate *gate);

/* The parent is gone. What waited for a document is discarded: nobody was given it. */
void occ_gate_end_session(struct occ_gate *gate);

/* True once the session's HELLO was taken. */
bool occ_gate_is_greeted(const struct occ_gate *gate);

/*
 * Handles the first complete frame of input and appends what is to be sent to out. *ret_used = bytes taken, 0 if there is
 * no complete frame. A failure means that the session is to be closed once out is sent (out then ends in REFUSED, if it had
 * room for it); the gate itself goes on and takes a new session. out holds whole frames in any case. For a redelivery to
 * succeed it needs room for all that is retained and not long. It is cleared when the session ends, and before the gate is freed.
 */
OCC_RESULT occ_gate_handle(struct occ_gate *gate, struct occ_bytes input, size_t *ret_used, struct occ_outbox *out);

/*
 * ---- documents (PROTOCOL §5, §7) ----
 *
 * The caller asks the device, one document at a time: whenever it is free, it asks the gate whether one is wanted, and gives it
 * what came. The first one wanted is about the key alone; until it has come, no commit is taken.
 */

/* Whether a document is wanted now, and none is out. Then it is out; views are valid until its outcome is given. */
bool occ_gate_wants_document(struct occ_gate *gate, struct occ_attest_request *ret_request);
/*
 * The outcome of the document that is out. Appends to out what it completes, in whole frames: results, or refusals where
 * there is none, and an answer to ATTEST. A failure is as with occ_gate_handle.
 */
OCC_RESULT occ_gate_take_document(struct occ_gate *gate, const struct occ_attest_outcome *outcome,
                                  struct occ_outbox *out);
/*
 * A device that has not answered in OCC_LIMIT_ATTEST_MS: it is down, what waits is refused in out, and the document that is out is
 * for nobody when it comes. To be called when its time may be over. A failure is as with occ_gate_handle.
 */
OCC_RESULT occ_gate_look_at_device(struct occ_gate *gate, struct occ_outbox *out);
/*
 * When occ_gate_wants_document or occ_gate_look_at_device may do something new, as uptime in milliseconds; UINT64_MAX =
 * neither will.
 */
uint64_t occ_gate_next_ms(const struct occ_gate *gate);
/*
 * Once after each document that shows the machine's clock to be further off than was told: it is so far behind (ahead: less
 * than 0). The gate goes by its documents.
 */
bool occ_gate_clock_moved(struct occ_gate *gate, int64_t *ret_ms);
/* Why no document came, as long as commits are refused for that reason; "" = they are not. Valid until the next call. */
const char *occ_gate_trouble(const struct occ_gate *gate);

/* False after an integrity failure (a signature of our own that does not verify): every commit is then refused until restart. */
bool occ_gate_is_sound(const struct occ_gate *gate);

/* What a second parent is told while the first is connected: appends a whole REFUSED frame. */
void occ_gate_refuse_second(struct occ_buf *out);
/* What a parent is told before there is a gate, if it must not try again by itself: appends a whole REFUSED frame. */
void occ_gate_put_refusal(const struct occ_error *why, struct occ_buf *out);

/*
 * Plays everything through gates of its own with keys of their own, and throws all of it away: so that every library has
 * opened, looked up and allocated what it wants before the process gives up opening files. Fails if any of it fails.
 * check_predecessor and ctx as in struct occ_gate_config.
 */
OCC_RESULT occ_gate_rehearse(OCC_RESULT (*check_predecessor)(void *ctx, const struct occ_json *proof,
                                                             struct occ_error *err),
                             void *ctx, struct occ_error *err);

/* For a log: the epoch's id (hex text) and public key (32 bytes). Valid as long as the gate. */
const char *occ_gate_epoch_id(const struct occ_gate *gate);
const uint8_t *occ_gate_public_key(const struct occ_gate *gate);

#endif
