/* upgrade.c — see upgrade.h. */
#include "cli/upgrade.h"

#include "base/limits.h"
#include "proof/body.h"

enum { LONGEST_UPGRADED = OCC_LIMIT_CANONICAL_LEN };

static const struct {
    const char *name;
    enum occ_upgrade_slot slot;
} slots[] = { { "artifact", OCC_UPGRADE_ARTIFACT }, { "proof", OCC_UPGRADE_PROOF } };
enum { SLOTS = sizeof slots / sizeof slots[0] };

static unsigned
slots_in(const struct occ_json *timestamps)
{
    unsigned found = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        found |= occ_json_get(timestamps, slots[i].name) == NULL ? 0 : (unsigned)slots[i].slot;
    }
    return found;
}

static void
free_report(occ_report **report)
{
    occ_report_free(*report);
}

/* Every token is of an authority that was named as trusted. */
static OCC_RESULT
check_trusted(const occ_report *report, struct occ_error *err)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        struct occ_timestamp timestamp = { .size = sizeof timestamp };
        if (occ_report_timestamp(report, i, &timestamp) == 1 && timestamp.trusted == 0) {
            return occ_error_set(err, OCC_ERR_TIMESTAMP_UNTRUSTED, "timestamps.%s: %s", slots[i].name,
                                 timestamp.untrusted);
        }
    }
    return occ_success();
}

static OCC_RESULT
verify(const struct occ_upgrade_rules *rules, const struct occ_json *value, bool only_trusted, struct occ_error *err,
       struct occ_proof *ret_proof)
{
    __attribute__((cleanup(free_report))) occ_report *report = NULL;
    const struct occ_verify_request request = { .proof = value, .without_json = true, .ret_proof = ret_proof };
    const enum occ_err code = occ_verify_json(rules->verifier, &request, &report);
    if (code != OCC_OK) {
        return occ_error_set(err, code, "%s", report == NULL ? occ_code_text(code) : occ_report_reason(report));
    }
    return only_trusted ? check_trusted(report, err) : occ_success();
}

struct occ_result
occ_upgrade_begin(const struct occ_upgrade_rules *rules, const struct occ_json *value, struct occ_error *err,
                  struct occ_upgrade *ret_upgrade)
{
    struct occ_upgrade upgrade = { .value = value };
    OCC_TRY(verify(rules, value, false, err, &upgrade.proof));
    upgrade.has = slots_in(upgrade.proof.timestamps);
    *ret_upgrade = upgrade;
    return occ_success();
}

static bool
is_timestamps(void *ctx, struct occ_bytes name)
{
    (void)ctx;
    return occ_bytes_is(name, "timestamps");
}

/* The same proof (PROTOCOL §2.2), and the same in everything else. */
static OCC_RESULT
check_same(const struct occ_upgrade *upgrade, const struct occ_json *theirs, struct occ_error *err)
{
    struct occ_proof proof;
    uint8_t our_hash[OCC_SHA256_LEN];
    uint8_t their_hash[OCC_SHA256_LEN];
    if (!occ_is_ok(occ_proof_read(theirs, NULL, &proof))) {
        return occ_error_set(err, OCC_ERR_NOT_FOUND, "the server's copy is not a proof");
    }
    OCC_TRY(occ_body_proof_hash(&upgrade->proof, our_hash));
    OCC_TRY(occ_body_proof_hash(&proof, their_hash));
    if (memcmp(our_hash, their_hash, sizeof our_hash) != 0) {
        return occ_error_set(err, OCC_ERR_NOT_FOUND, "the server's copy is another proof");
    }
    OCC_BUF_AUTO(ours, LONGEST_UPGRADED);
    OCC_BUF_AUTO(rest, LONGEST_UPGRADED);
    occ_canonical_put_without(&ours, upgrade->value, is_timestamps, NULL);
    occ_canonical_put_without(&rest, theirs, is_timestamps, NULL);
    OCC_TRY(occ_buf_check(&ours));
    OCC_TRY(occ_buf_check(&rest));
    if (!occ_bytes_equal(occ_buf_view(&ours), occ_buf_view(&rest))) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE,
                             "the server's copy has the same signed body, but differs in what is not signed");
    }
    return occ_success();
}

static void
put_member(struct occ_buf *buf, bool *is_first, struct occ_bytes name, const struct occ_json *value)
{
    occ_buf_put_byte(buf, *is_first ? '{' : ',');
    *is_first = false;
    occ_canonical_put_string(buf, name);
    occ_buf_put_byte(buf, ':');
    occ_canonical_put(buf, value);
}

/* Ours, and of theirs what ours lacks; in whatever order. */
static void
put_timestamps(struct occ_buf *buf, const struct occ_json *ours, const struct occ_json *theirs)
{
    bool is_first = true;
    struct occ_json_iter iter = { 0 };
    while (ours != NULL && occ_json_next(ours, &iter)) {
        put_member(buf, &is_first, iter.name, iter.value);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        const struct occ_json *entry = occ_json_get(theirs, slots[i].name);
        if (entry != NULL && (ours == NULL || occ_json_get(ours, slots[i].name) == NULL)) {
            put_member(buf, &is_first, occ_bytes_str(slots[i].name), entry);
        }
    }
    occ_buf_put_byte(buf, '}');
}

/* The proof with its new timestamps, as a tree of its own. */
static OCC_RESULT
merge(const struct occ_upgrade *upgrade, const struct occ_json *their_timestamps, struct occ_error *err,
      struct occ_json **ret_root)
{
    OCC_BUF_AUTO(rest, LONGEST_UPGRADED);
    OCC_BUF_AUTO(text, LONGEST_UPGRADED);
    occ_canonical_put_without(&rest, upgrade->value, is_timestamps, NULL);
    occ_buf_put_str(&text, "{\"timestamps\":");
    put_timestamps(&text, upgrade->proof.timestamps, their_timestamps);
    occ_buf_put_byte(&text, ',');
    OCC_TRY(occ_buf_check(&rest)); /* a proof has other members, so that a '{' and one of them stand there */
    occ_buf_put(&text, occ_bytes_of(rest.ptr + 1, rest.len - 1));
    OCC_TRY(occ_buf_check(&text));
    return occ_json_parse(occ_buf_view(&text), OCC_LIMIT_JSON_DEPTH, err, ret_root);
}

struct occ_result
occ_upgrade_take(const struct occ_upgrade_rules *rules, const struct occ_upgrade *upgrade,
                 const struct occ_json *theirs, struct occ_error *err, struct occ_buf *buf, unsigned *ret_has)
{
    OCC_TRY(check_same(upgrade, theirs, err));
    const struct occ_json *timestamps = occ_json_get(theirs, "timestamps");
    const unsigned all = upgrade->has | slots_in(timestamps);
    if (all == upgrade->has) {
        *ret_has = upgrade->has;
        return occ_success();
    }
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *merged = NULL;
    struct occ_proof proof;
    OCC_TRY(merge(upgrade, timestamps, err, &merged));
    OCC_TRY(verify(rules, merged, rules->only_trusted, err, &proof));
    occ_canonical_put(buf, merged);
    OCC_TRY(occ_buf_check(buf));
    *ret_has = all;
    return occ_success();
}
