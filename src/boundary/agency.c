/* agency.c — see agency.h. */
#include "boundary/agency.h"

#include "base/base64.h"
#include "codec/canonical.h"
#include "codec/json.h"
#include "evidence/actor.h"
#include "proof/optional.h"

enum { TEXT_LEN_MAX = 8 * OCC_LIMIT_VALUE_LEN }; /* as of any value before it is rewritten (request.c) */

/* The members that PROTOCOL §4 names, and their types. All others are refused: actor is signed whole. */
struct member {
    const char *name;
    enum occ_json_type type;
    bool optional;
};
static const struct member agency_members[] = {
    { "actor", OCC_JSON_OBJECT, false },
    { "authorization", OCC_JSON_OBJECT, false },
    { .name = NULL },
};
static const struct member actor_members[] = {
    { "keyId", OCC_JSON_STRING, false },
    { "publicKeyB64", OCC_JSON_STRING, false },
    { "algorithm", OCC_JSON_STRING, false },
    { "provider", OCC_JSON_STRING, false },
    { .name = NULL },
};
static const struct member direct_members[] = {
    { "purpose", OCC_JSON_STRING, false },        { "actorKeyId", OCC_JSON_STRING, false },
    { "artifactHash", OCC_JSON_STRING, false },   { "challenge", OCC_JSON_STRING, false },
    { "timestamp", OCC_JSON_NUMBER, false },      { "signatureB64", OCC_JSON_STRING, false },
    { "protocolVersion", OCC_JSON_STRING, true }, { .name = NULL },
};
static const struct member webauthn_members[] = {
    { "purpose", OCC_JSON_STRING, false },
    { "actorKeyId", OCC_JSON_STRING, false },
    { "artifactHash", OCC_JSON_STRING, false },
    { "challenge", OCC_JSON_STRING, false },
    { "timestamp", OCC_JSON_NUMBER, false },
    { "signatureB64", OCC_JSON_STRING, false },
    { "format", OCC_JSON_STRING, false },
    { "clientDataJSON", OCC_JSON_STRING, false },
    { "authenticatorDataB64", OCC_JSON_STRING, false },
    { "nonceB64", OCC_JSON_STRING, true },
    { .name = NULL },
};

/* ---- the challenge ---- */

/* Spends the challenge that a member of the authorization is; OCC_ERR_CHALLENGE_… or OCC_ERR_BUSY, OCC_ERR_NOMEM if it cannot. */
static OCC_RESULT
spend_member(const struct occ_agency_scope *scope, const struct occ_json *authorization, const char *name)
{
    uint8_t challenge[OCC_TICKET_CHALLENGE_LEN];
    size_t len = 0;
    const struct occ_json *const text = occ_json_get(authorization, name);
    OCC_ENSURE(text != NULL, OCC_ERR_CHALLENGE_UNKNOWN);
    OCC_ENSURE(occ_is_ok(occ_base64_decode(occ_json_string(text), sizeof challenge, challenge, &len)),
               OCC_ERR_CHALLENGE_UNKNOWN);
    OCC_ENSURE(len == sizeof challenge, OCC_ERR_CHALLENGE_UNKNOWN);
    struct occ_ticket ticket;
    struct occ_tickets *const tickets = scope->tickets;
    OCC_TRY(occ_ticket_open_challenge(tickets, challenge, &ticket));
    OCC_ENSURE(!occ_spent_has(&tickets->spent, &ticket), OCC_ERR_CHALLENGE_USED);
    OCC_TRY(occ_spent_reserve(&tickets->spent, tickets->uptime_ms, &ticket, 1));
    return occ_result_of(occ_spent_put(&tickets->spent, &ticket) ? OCC_OK : OCC_ERR_CHALLENGE_USED);
}

/* Both places where a challenge can stand: an agency may be of neither form. */
struct spent {
    enum occ_err challenge, nonce;
};

static struct spent
spend(const struct occ_agency_scope *scope, const struct occ_json *agency)
{
    const struct occ_json *const authorization = occ_json_get(agency, "authorization");
    return (struct spent){
        .challenge = spend_member(scope, authorization, "challenge").code,
        .nonce = spend_member(scope, authorization, "nonceB64").code,
    };
}

void
occ_agency_spend(const struct occ_agency_scope *scope, struct occ_bytes text)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *agency = NULL;
    if (text.len <= TEXT_LEN_MAX && occ_is_ok(occ_json_parse(text, OCC_LIMIT_JSON_VALUE_DEPTH, NULL, &agency))) {
        (void)spend(scope, agency);
    }
}

/* ---- structure ---- */

static bool
is_of_type(const struct occ_json *value, enum occ_json_type type)
{
    return occ_json_type(value) == type;
}

static OCC_RESULT
check_member(const struct occ_json *object, const char *path, const struct member *member, struct occ_error *err)
{
    const struct occ_json *const value = occ_json_get(object, member->name);
    if (value == NULL && !member->optional) {
        return occ_error_set(err, OCC_ERR_FIELD_MISSING, "%s.%s: missing", path, member->name);
    }
    if (value != NULL && !is_of_type(value, member->type)) {
        const char *const expected = member->type == OCC_JSON_NUMBER   ? "a number"
                                     : member->type == OCC_JSON_STRING ? "a string"
                                                                       : "an object";
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "%s.%s: %s, expected %s", path, member->name,
                             occ_json_type_name(value), expected);
    }
    return occ_success();
}

/* All that must be there is, of its type, and nothing else. */
static OCC_RESULT
check_members(const struct occ_json *object, const char *path, const struct member *members, struct occ_error *err)
{
    struct occ_json_iter it = { 0 };
    while (occ_json_next(object, &it)) {
        size_t i = 0;
        while (members[i].name != NULL && !occ_bytes_is(it.name, members[i].name)) {
            i++;
        }
        if (members[i].name == NULL) {
            return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "%s.%.*s: an unknown field", path, OCC_BYTES_ARG(it.name));
        }
    }
    for (size_t i = 0; members[i].name != NULL; i++) {
        OCC_TRY(check_member(object, path, &members[i], err));
    }
    return occ_success();
}

static OCC_RESULT
check_structure(const struct occ_json *agency, struct occ_error *err)
{
    if (!is_of_type(agency, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "agency: %s, expected an object", occ_json_type_name(agency));
    }
    OCC_TRY(check_members(agency, "agency", agency_members, err));
    OCC_TRY(check_members(occ_json_get(agency, "actor"), "agency.actor", actor_members, err));
    const struct occ_json *const authorization = occ_json_get(agency, "authorization");
    const bool is_direct = occ_json_get(authorization, "format") == NULL;
    OCC_TRY(check_members(authorization, "agency.authorization", is_direct ? direct_members : webauthn_members, err));
    const struct occ_result checked = occ_optional_check_agency(agency, "agency", err);
    if (checked.code == OCC_ERR_PROOF_STRUCTURE) { /* of a proof; here it is a request's field */
        err->code = OCC_ERR_FIELD_VALUE;
        return occ_result_of(OCC_ERR_FIELD_VALUE);
    }
    return checked;
}

/* ---- what is judged ---- */

static OCC_RESULT
check_challenge(const struct occ_json *authorization, const struct spent *spent, struct occ_error *err)
{
    const bool is_nonce = occ_json_get(authorization, "nonceB64") != NULL;
    const enum occ_err code = is_nonce ? spent->nonce : spent->challenge;
    const char *const name = is_nonce ? "nonceB64" : "challenge";
    if (code == OCC_OK) {
        return occ_success();
    }
    if (code == OCC_ERR_BUSY) {
        return occ_error_set(err, code, "agency.authorization.%s: too many challenges were used just now", name);
    }
    return occ_error_set(err, code, "agency.authorization.%s: %s", name, occ_result_text(code));
}

static OCC_RESULT
check_time(const struct occ_json *authorization, uint64_t now_ms, struct occ_error *err)
{
    const double distance = occ_json_number(occ_json_get(authorization, "timestamp")) - (double)now_ms;
    if (distance >= -OCC_LIMIT_AGENCY_CLOCK_MS && distance <= OCC_LIMIT_AGENCY_CLOCK_MS) {
        return occ_success();
    }
    return occ_error_set(err, OCC_ERR_AGENCY_TIME,
                         "agency.authorization.timestamp: too far %s the boundary's clock, expected at most %d s",
                         distance < 0 ? "behind" : "ahead of", OCC_LIMIT_AGENCY_CLOCK_MS / 1000);
}

static OCC_RESULT
check_form(const struct occ_json *authorization, const struct occ_agency_rules *rules, struct occ_error *err)
{
    if (occ_json_get(authorization, "format") == NULL) {
        return occ_success();
    }
    if (rules->rp_ids.count == 0 || rules->origins.count == 0) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE,
                             "agency.authorization.format: the boundary was given no --rp-id and --origin, so it takes "
                             "no WebAuthn");
    }
    if (occ_json_get(authorization, "nonceB64") == NULL && !rules->webauthn_compat) {
        return occ_error_set(err, OCC_ERR_AGENCY_BARE,
                             "agency.authorization.nonceB64: missing, so the authorization does not cover the digest");
    }
    return occ_success();
}

static OCC_RESULT
verify(const struct occ_json *agency, const uint8_t *digest, const struct occ_agency_rules *rules,
       struct occ_error *err)
{
    const struct occ_actor_input input = {
        .agency = agency, .digest = digest, .rp_ids = rules->rp_ids, .origins = rules->origins
    };
    struct occ_actor_facts facts;
    const struct occ_result verified = occ_actor_verify(&input, err, &facts);
    if (verified.code == OCC_ERR_UNSUPPORTED) { /* of a proof, a format not known; here it is a request's field */
        err->code = OCC_ERR_FIELD_VALUE;
        return occ_result_of(OCC_ERR_FIELD_VALUE);
    }
    return verified;
}

/* Everything but the writing. */
static OCC_RESULT
judge(const struct occ_agency_scope *scope, const struct occ_json *agency, const uint8_t *digest, struct occ_error *err)
{
    const struct spent spent = spend(scope, agency);
    OCC_TRY(check_structure(agency, err));
    const struct occ_json *const authorization = occ_json_get(agency, "authorization");
    OCC_TRY(check_challenge(authorization, &spent, err));
    OCC_TRY(check_time(authorization, scope->now_ms, err));
    OCC_TRY(check_form(authorization, scope->rules, err));
    return verify(agency, digest, scope->rules, err);
}

/* Rewrites it, in canonical order: these two names have one. */
static OCC_RESULT
put(const struct occ_json *agency, struct occ_error *err, struct occ_buf *values, struct occ_agency_place *ret_actor)
{
    OCC_BUF_AUTO(text, OCC_LIMIT_VALUE_LEN);
    occ_buf_put_str(&text, "{\"actor\":");
    const size_t at = text.len;
    occ_canonical_put(&text, occ_json_get(agency, "actor"));
    const size_t end = text.len;
    occ_buf_put_str(&text, ",\"authorization\":");
    occ_canonical_put(&text, occ_json_get(agency, "authorization"));
    occ_buf_put_byte(&text, '}');
    const struct occ_result written = occ_buf_check(&text);
    if (written.code == OCC_ERR_LIMIT) {
        return occ_error_set(err, OCC_ERR_FIELD_LENGTH, "agency: more than %u bytes of canonical JSON",
                             OCC_LIMIT_VALUE_LEN);
    }
    OCC_TRY(written);
    occ_buf_put(values, occ_buf_view(&text));
    OCC_TRY(occ_buf_check(values));
    *ret_actor = (struct occ_agency_place){ at, end - at };
    return occ_success();
}

static OCC_RESULT
take(const struct occ_agency_scope *scope, const struct occ_agency_input *input, struct occ_error *err,
     struct occ_buf *values, struct occ_agency_place *ret_actor)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *agency = NULL;
    if (input->text.len > TEXT_LEN_MAX) {
        return occ_error_set(err, OCC_ERR_LIMIT, "agency: %zu bytes of JSON text, expected at most %d", input->text.len,
                             TEXT_LEN_MAX);
    }
    OCC_TRY(occ_json_parse(input->text, OCC_LIMIT_JSON_VALUE_DEPTH, err, &agency));
    OCC_TRY(judge(scope, agency, input->digest, err));
    return put(agency, err, values, ret_actor);
}

struct occ_result
occ_agency_take(const struct occ_agency_scope *scope, const struct occ_agency_input *input, struct occ_error *err,
                struct occ_buf *values, struct occ_agency_place *ret_actor)
{
    struct occ_error why = { .code = OCC_OK };
    const struct occ_result taken = take(scope, input, &why, values, ret_actor);
    if (occ_is_ok(taken)) {
        return taken;
    }
    if (why.code == OCC_OK) {
        (void)occ_error_code(&why, taken.code);
    }
    /* Sentences of proof/ and evidence/ begin with the field's path, or are about the agency as a whole. */
    const bool has_path = occ_bytes_starts(occ_bytes_str(why.text), "agency");
    return occ_error_set(err, taken.code, "%s%s%s", input->prefix, has_path ? "" : "agency: ", why.text);
}
