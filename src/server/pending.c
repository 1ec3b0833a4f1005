#include "server/pending.h"

#include "wire/frame.h"

void
occ_pending_push(struct occ_pending_list *list, struct occ_pending *pending)
{
    pending->next = NULL;
    if (list->last == NULL) {
        list->first = pending;
    } else {
        list->last->next = pending;
    }
    list->last = pending;
    list->count++;
    list->loose_len += pending->loose.len;
    list->answer_len += pending->answer_len;
    list->digests += pending->digests;
}

struct occ_pending *
occ_pending_pop(struct occ_pending_list *list)
{
    struct occ_pending *pending = list->first;
    if (pending == NULL) {
        return NULL;
    }
    list->first = pending->next;
    if (list->first == NULL) {
        list->last = NULL;
    }
    list->count--;
    list->loose_len -= pending->loose.len;
    list->answer_len -= pending->answer_len;
    list->digests -= pending->digests;
    pending->next = NULL;
    return pending;
}

void
occ_pending_fail_all(struct occ_pending_list *list, enum occ_err code, const char *text)
{
    const struct occ_pending_answer answer = { .code = code, .text = occ_bytes_str(text) };
    /* Only those that are in it now: done may lead to new ones. */
    struct occ_pending_list failed = *list;
    *list = (struct occ_pending_list){ 0 };
    struct occ_pending *pending;
    while ((pending = occ_pending_pop(&failed)) != NULL) {
        pending->done(pending, &answer);
    }
}

size_t
occ_pending_answer_len(const struct occ_pending *pending, const struct occ_pending_rules *rules)
{
    return pending->text_len + pending->digests * rules->document_len;
}

/* True if both frames, the request and its results, stay within their limits with next in them. */
static bool
fits_frames(const struct occ_pending_rules *rules, const struct occ_pending *next,
            const struct occ_pending_list *flight, const struct occ_pending *sum)
{
    /* The head of a frame, and of a result: position, opaque bytes, code, and a length per proof. */
    const size_t frame_head = OCC_FRAME_HEAD_LEN + 2 + 2;
    const size_t result_head = 8 + 1 + OCC_LIMIT_OPAQUE_LEN + 2 + 2 + OCC_LIMIT_CHAIN_ID_LEN + 4;
    const size_t proof_head = 8 + 32 + 2 + 4 + 4;
    const size_t proofs = (size_t)sum->digests + next->digests;
    const size_t documents = rules->document_len == 0 ? 0 : rules->has_own_document ? proofs : 1;
    const size_t requests_len = frame_head + flight->loose_len + next->loose.len;
    const size_t answer_len = sum->answer_len + occ_pending_answer_len(next, rules);
    const size_t results_len = frame_head + (flight->count + 1) * result_head + proofs * proof_head +
                               documents * (4 + rules->document_len) + sum->text_len + next->text_len;
    return answer_len <= rules->answer_len_max && requests_len <= rules->frame_len_max &&
           results_len <= rules->frame_len_max;
}

bool
occ_pending_fits_alone(const struct occ_pending *pending, const struct occ_pending_rules *rules)
{
    const struct occ_pending_list flight = { 0 };
    const struct occ_pending sum = { 0 };
    return fits_frames(rules, pending, &flight, &sum);
}

/* A frame's digests by chain. */
struct share {
    struct occ_bytes chain_id; /* in a request's loose bytes */
    uint32_t digests;
};
struct shares {
    struct share list[OCC_PENDING_CHAINS_MAX];
    size_t count;
};

/* Empty = the default chain. */
static struct occ_bytes
chain_of(const struct occ_pending *pending)
{
    struct occ_commit_reader reader = occ_commit_read_loose(occ_buf_view(&pending->loose));
    struct occ_bytes opaque;
    struct occ_commit_field field;
    bool more = occ_is_ok(occ_commit_next_request(&reader, &opaque));
    while (more && occ_is_ok(occ_commit_next_field(&reader, &field, &more)) && more) {
        if (field.tag == OCC_COMMIT_CHAIN) {
            return field.value;
        }
    }
    return occ_bytes_of(NULL, 0);
}

/* The share of the request's chain, if it is there or may be; else NULL. With one chain a frame, all chains share that. */
static struct share *
find_share(const struct occ_pending_rules *rules, const struct occ_pending *pending, struct shares *shares)
{
    const struct occ_bytes chain_id = rules->chains_max > 1 ? chain_of(pending) : occ_bytes_of(NULL, 0);
    for (size_t i = 0; i < shares->count; i++) {
        if (occ_bytes_equal(shares->list[i].chain_id, chain_id)) {
            return &shares->list[i];
        }
    }
    if (shares->count > 0 && (shares->count >= rules->chains_max || shares->count == OCC_PENDING_CHAINS_MAX)) {
        return NULL;
    }
    shares->list[shares->count] = (struct share){ .chain_id = chain_id };
    return &shares->list[shares->count++];
}

/* True if next may join a frame that holds flight, whose requests sum up to sum; those of its chain are in share. */
static bool
may_join(const struct occ_pending_rules *rules, const struct occ_pending *next, const struct occ_pending_list *flight,
         const struct occ_pending *sum, const struct share *share)
{
    const bool is_first = share != NULL && share->digests == 0;
    const bool has_digests = share != NULL && (is_first || share->digests + next->digests <= rules->digests_max);
    return flight->count < rules->requests_max && has_digests &&
           sum->digests + next->digests <= OCC_LIMIT_FRAME_DIGESTS_ALL && fits_frames(rules, next, flight, sum);
}

struct occ_result
occ_pending_pack(struct occ_pending_list *queue, const struct occ_pending_rules *rules, uint64_t frame_id,
                 struct occ_pending_list *flight, struct occ_buf *out)
{
    struct occ_commit_writer writer;
    struct occ_pending sum = { 0 };
    struct shares shares = { .count = 0 };
    occ_commit_begin(&writer, out, frame_id);
    while (queue->first != NULL) {
        struct share *const share = find_share(rules, queue->first, &shares);
        if (flight->count > 0 && !may_join(rules, queue->first, flight, &sum, share)) {
            break;
        }
        struct occ_pending *pending = occ_pending_pop(queue);
        if (share != NULL) {
            share->digests += pending->digests;
        }
        occ_commit_put_loose(&writer, occ_buf_view(&pending->loose));
        sum.digests += pending->digests;
        sum.text_len += pending->text_len;
        sum.answer_len += occ_pending_answer_len(pending, rules);
        occ_pending_push(flight, pending);
    }
    occ_commit_end(&writer);
    return occ_buf_check(out);
}

/* The proofs are of the request's digests, in their order. Their number was compared before. */
static struct occ_result
check_digests(const struct occ_pending *pending, struct occ_bytes proofs)
{
    struct occ_commit_reader request = occ_commit_read_loose(occ_buf_view(&pending->loose));
    struct occ_bytes opaque, digest;
    struct occ_commit_proof proof;
    uint32_t digests;
    OCC_TRY(occ_commit_next_request(&request, &opaque));
    OCC_TRY(occ_commit_skip_fields(&request));
    OCC_TRY(occ_commit_digest_count(&request, &digests));
    while (occ_commit_next_proof(&proofs, &proof)) {
        OCC_TRY(occ_commit_next_digest(&request, &digest));
        OCC_ENSURE(memcmp(proof.digest, digest.ptr, digest.len) == 0, OCC_ERR_WIRE_MESSAGE);
        OCC_TRY(occ_commit_skip_fields(&request));
    }
    return occ_success();
}

static bool
is_consistent(const struct occ_pending *pending, const struct occ_commit_outcome *outcome, uint64_t position)
{
    if (!occ_bytes_equal(outcome->opaque, occ_bytes_of(pending->opaque, pending->opaque_len))) {
        return false;
    }
    if (outcome->code != OCC_OK) {
        return outcome->position == 0;
    }
    return outcome->position == position + 1 && outcome->proof_count == pending->digests &&
           occ_is_ok(check_digests(pending, outcome->proofs));
}

struct occ_result
occ_pending_check(const struct occ_pending_list *flight, struct occ_bytes payload, uint64_t position,
                  struct occ_pending_results *ret_results)
{
    struct occ_pending_results all = { .position = position };
    struct occ_commit_results results;
    OCC_TRY(occ_commit_read_results(payload, &results));
    OCC_ENSURE(results.result_count == flight->count, OCC_ERR_WIRE_MESSAGE);
    for (const struct occ_pending *pending = flight->first; pending != NULL; pending = pending->next) {
        struct occ_commit_outcome outcome;
        OCC_TRY(occ_commit_next_result(&results, &outcome));
        OCC_ENSURE(is_consistent(pending, &outcome, all.position), OCC_ERR_WIRE_MESSAGE);
        all.position += outcome.code == OCC_OK ? 1 : 0;
        all.successes += outcome.code == OCC_OK ? 1 : 0;
        all.lost = all.lost || outcome.code == OCC_ERR_INTEGRITY;
        if (outcome.code == OCC_ERR_ATTESTER || outcome.code == OCC_ERR_TOKEN) {
            all.has_trouble = true;
            all.trouble = outcome.text;
        }
    }
    OCC_ENSURE(occ_reader_done(&results.in), OCC_ERR_WIRE_MESSAGE);
    *ret_results = all;
    return occ_success();
}

void
occ_pending_deliver(struct occ_pending_list *flight, struct occ_bytes payload, const struct occ_bytes *documents,
                    const struct occ_pending_answer *failed)
{
    struct occ_commit_results results;
    bool good = occ_is_ok(occ_commit_read_results(payload, &results));
    while (flight->first != NULL) {
        struct occ_commit_outcome outcome = { 0 };
        good = good && occ_is_ok(occ_commit_next_result(&results, &outcome)); /* it was checked */
        struct occ_pending *pending = occ_pending_pop(flight);
        const struct occ_pending_answer answer = { .code = good ? outcome.code : OCC_ERR_INTERNAL,
                                                   .text = outcome.text,
                                                   .proof_count = outcome.proof_count,
                                                   .proofs = outcome.proofs,
                                                   .documents = documents };
        pending->done(pending, failed != NULL && answer.code == OCC_OK ? failed : &answer);
    }
}
