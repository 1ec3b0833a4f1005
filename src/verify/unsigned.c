/* unsigned.c — see unsigned.h. */
#include "verify/unsigned.h"

#include "proof/body.h"

/* One walk. */
struct walk {
    const occ_report *report;
    occ_unsigned_visit *visit;
    void *ctx;
};

/* A list of names that ends in NULL. */
typedef const char *const *names;

static const char *const all_of_a_token_entry[] = { "time", "digestAlg", "digestB64", "tokenB64", NULL };
static const char *const all_of_timestamps[] = { "artifact", "proof", NULL };
static const char *const all_of_a_slot[] = { "version",      "nonceB64", "counter",      "time", "epochId",
                                             "publicKeyB64", "chainId",  "signatureB64", NULL };
/* PROTOCOL §4: the payload, and its signature. */
static const char *const all_of_direct[] = { "actorKeyId", "artifactHash",    "challenge",    "purpose",
                                             "timestamp",  "protocolVersion", "signatureB64", NULL };
/* What the signature covers, and what was held against that or can have one value only. Not the time. */
static const char *const all_of_webauthn[] = {
    "actorKeyId",     "artifactHash",         "challenge", "purpose",      "format",
    "clientDataJSON", "authenticatorDataB64", "nonceB64",  "signatureB64", NULL
};

/* The members of object that are not in the list. */
static void
visit_others(const struct walk *walk, const char *path, const struct occ_json *object, names covered)
{
    struct occ_json_iter it = { 0 };
    while (occ_json_next(object, &it)) {
        names name = covered;
        while (*name != NULL && !occ_bytes_is(it.name, *name)) {
            name++;
        }
        if (*name == NULL) {
            walk->visit(walk->ctx, path, it.name, false);
        }
    }
}

static void
visit_authorization(const struct walk *walk, const struct occ_json *value)
{
    const bool direct = walk->report->evidence.actor.facts.form == OCC_ACTOR_DIRECT;
    visit_others(walk, "agency.authorization", value, direct ? all_of_direct : all_of_webauthn);
}

static void
visit_slot(const struct walk *walk, const struct occ_json *value)
{
    visit_others(walk, "slotAllocation", value, all_of_a_slot);
}

static void
visit_timestamps(const struct walk *walk, const struct occ_json *value)
{
    static const char *const paths[OCC_EVIDENCE_TIMESTAMPS] = { "timestamps.artifact", "timestamps.proof" };
    visit_others(walk, "timestamps", value, all_of_timestamps);
    for (size_t i = 0; i < OCC_EVIDENCE_TIMESTAMPS; i++) {
        const struct occ_json *entry = occ_json_get(value, occ_policy_timestamp_name(i));
        if (entry != NULL) {
            visit_others(walk, paths[i], entry, all_of_a_token_entry);
        }
    }
}

/* Members that bring a signature along, the check that looks at it, and who goes through what it does not cover. */
static const struct row {
    const char *parent, *name, *check;
    void (*inside)(const struct walk *walk, const struct occ_json *value);
} rows[] = {
    { "environment.attestation", "reportB64", "attestation", NULL },
    { "environment.attestation", "batch", "attestation", NULL }, /* whose unknown members the check refuses */
    { "agency", "authorization", "agency", visit_authorization },
    { "", "slotAllocation", "slot", visit_slot },
    { "", "timestamps", "timestamps", visit_timestamps },
};

static const struct row *
find_row(const char *parent, struct occ_bytes name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(parent, rows[i].parent) == 0 && occ_bytes_is(name, rows[i].name)) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool
has_passed(const occ_report *report, const char *check)
{
    for (size_t i = 0; i < report->check_count; i++) {
        if (strcmp(report->checks[i].name, check) == 0) {
            return report->checks[i].status == OCC_CHECK_PASSED;
        }
    }
    return false;
}

static void
visit_unsigned(void *ctx, const char *parent, struct occ_bytes name, const struct occ_json *value)
{
    const struct walk *walk = ctx;
    const struct row *row = find_row(parent, name);
    const bool backed = row != NULL && has_passed(walk->report, row->check);
    walk->visit(walk->ctx, parent, name, backed);
    if (backed && row->inside != NULL) {
        row->inside(walk, value);
    }
}

void
occ_unsigned_each(const occ_report *report, const struct occ_proof *proof, occ_unsigned_visit *visit, void *ctx)
{
    struct walk walk = { report, visit, ctx };
    occ_body_each_unsigned(proof, visit_unsigned, &walk);
}
