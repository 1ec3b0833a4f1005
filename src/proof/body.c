/* body.c — see body.h. */
#include "proof/body.h"

#include "base/limits.h"

/* A list of names that ends in NULL. */
typedef const char *const *names;

static bool
has_name(names list, struct occ_bytes name)
{
    for (; *list != NULL; list++) {
        if (occ_bytes_is(name, *list)) {
            return true;
        }
    }
    return false;
}

/* ---- the signed body (PROTOCOL §2.1) ---- */

static void
put_name(struct occ_buf *buf, const char *name)
{
    occ_buf_put_byte(buf, ',');
    occ_canonical_put_string(buf, occ_bytes_str(name));
    occ_buf_put_byte(buf, ':');
}

static void
put_value(struct occ_buf *buf, const char *name, const struct occ_json *value)
{
    if (value != NULL) {
        put_name(buf, name);
        occ_canonical_put(buf, value);
    }
}

static void
put_text(struct occ_buf *buf, const char *name, struct occ_bytes text)
{
    put_name(buf, name);
    occ_canonical_put_string(buf, text);
}

/* The members stand in RFC 8785's order, so that nothing needs sorting. */
static void
put_body(struct occ_buf *buf, const struct occ_proof *proof, bool with_format)
{
    const size_t start = buf->len;
    put_value(buf, "actor", proof->agency == NULL ? NULL : occ_json_get(proof->agency, "actor"));
    put_value(buf, "artifact", proof->artifact);
    if (with_format && proof->attestation_format.len > 0) {
        put_text(buf, "attestationFormat", proof->attestation_format);
    }
    put_value(buf, "attribution", proof->attribution);
    put_value(buf, "commit", proof->commit);
    put_text(buf, "enforcement", occ_bytes_str(occ_proof_enforcement_name(proof->enforcement)));
    put_text(buf, "measurement", proof->measurement);
    put_value(buf, "policy", proof->policy);
    put_value(buf, "principal", proof->principal);
    put_text(buf, "publicKeyB64", proof->public_key_b64);
    put_text(buf, "version", occ_bytes_str("occ/1"));
    occ_buf_put_byte(buf, '}');
    if (buf->fail == OCC_OK) {
        buf->ptr[start] = '{'; /* in place of the first member's comma */
    }
}

void
occ_body_put(struct occ_buf *buf, const struct occ_proof *proof)
{
    put_body(buf, proof, true);
}

void
occ_body_put_without_format(struct occ_buf *buf, const struct occ_proof *proof)
{
    put_body(buf, proof, false);
}

struct occ_result
occ_body_proof_hash(const struct occ_proof *proof, uint8_t ret_hash[OCC_SHA256_LEN])
{
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put(&body, proof);
    OCC_TRY(occ_buf_check(&body));
    occ_digest_sha256(occ_buf_view(&body), ret_hash);
    return occ_success();
}

/* ---- an object with one member written by someone else ---- */

/* An object to write: without the members of left_out, and with write(buf, value, ctx) for the value of replaced. */
struct rewrite {
    enum occ_canonical_order order;
    names left_out;
    const char *replaced;
    void (*write)(struct occ_buf *buf, const struct occ_json *value, const void *ctx);
    const void *ctx;
};

static bool
skip_before(void *ctx, struct occ_bytes name)
{
    const struct rewrite *rewrite = ctx;
    return has_name(rewrite->left_out, name) ||
           occ_canonical_compare_ordered(name, occ_bytes_str(rewrite->replaced), rewrite->order) <= 0;
}

static bool
skip_after(void *ctx, struct occ_bytes name)
{
    const struct rewrite *rewrite = ctx;
    return has_name(rewrite->left_out, name) ||
           occ_canonical_compare_ordered(name, occ_bytes_str(rewrite->replaced), rewrite->order) >= 0;
}

/* Takes the last byte back. */
static void
drop_last(struct occ_buf *buf)
{
    if (buf->fail == OCC_OK) {
        buf->len--;
    }
}

/*
 * Canonical text in three pieces: {members before replaced} , replaced , {members after}, joined into one object. The
 * member that is replaced is there.
 */
static void
put_rewritten(struct occ_buf *buf, const struct occ_json *object, struct rewrite rewrite)
{
    const size_t start = buf->len;
    occ_canonical_put_ordered_without(buf, object, rewrite.order, skip_after, &rewrite);
    drop_last(buf);
    if (buf->len > start + 1) {
        occ_buf_put_byte(buf, ',');
    }
    occ_canonical_put_string(buf, occ_bytes_str(rewrite.replaced));
    occ_buf_put_byte(buf, ':');
    rewrite.write(buf, occ_json_get(object, rewrite.replaced), rewrite.ctx);

    const size_t join = buf->len;
    occ_canonical_put_ordered_without(buf, object, rewrite.order, skip_before, &rewrite);
    if (buf->fail != OCC_OK) {
        return;
    }
    if (buf->len == join + 2) { /* {}: nothing after */
        buf->ptr[join] = '}';
        buf->len = join + 1;
        return;
    }
    buf->ptr[join] = ',';
}

/* ---- the link hash (PROTOCOL §2.2) ---- */

static const char *const after_signature[] = { "timestamps", "proofHash", NULL };
static const char *const evidence_ours[] = { "reportB64", "batch", NULL };
static const char *const evidence_older[] = { "batch", NULL };

static bool
skip_names(void *ctx, struct occ_bytes name)
{
    return has_name(*(names *)ctx, name);
}

static void
write_attestation(struct occ_buf *buf, const struct occ_json *attestation, const void *ctx)
{
    const struct occ_body_link_form *form = ctx;
    names left_out = form->with_report ? evidence_older : evidence_ours;
    occ_canonical_put_ordered_without(buf, attestation, form->order, skip_names, &left_out);
}

static void
write_environment(struct occ_buf *buf, const struct occ_json *environment, const void *ctx)
{
    static const char *const nothing[] = { NULL };
    const struct occ_body_link_form *form = ctx;
    if (occ_json_get(environment, "attestation") == NULL) {
        occ_canonical_put_ordered(buf, environment, form->order);
        return;
    }
    put_rewritten(buf, environment, (struct rewrite){ form->order, nothing, "attestation", write_attestation, ctx });
}

void
occ_body_put_link(struct occ_buf *buf, const struct occ_proof *proof, struct occ_body_link_form form)
{
    put_rewritten(buf, proof->root,
                  (struct rewrite){ form.order, after_signature, "environment", write_environment, &form });
}

struct occ_result
occ_body_link_hash(const struct occ_proof *proof, bool with_report, uint8_t ret_hash[OCC_SHA256_LEN])
{
    OCC_BUF_AUTO(text, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put_link(&text, proof, (struct occ_body_link_form){ with_report, OCC_CANONICAL_RFC8785 });
    OCC_TRY(occ_buf_check(&text));
    occ_digest_sha256(occ_buf_view(&text), ret_hash);
    return occ_success();
}

/* ---- the core hash (PROTOCOL §2.2) ---- */

static bool
skip_not_core(void *ctx, struct occ_bytes name)
{
    static const char *const core[] = { "artifact", "commit", "environment", "signer", "version", NULL };
    (void)ctx;
    return !has_name(core, name);
}

struct occ_result
occ_body_core_hash(const struct occ_proof *proof, uint8_t ret_hash[OCC_SHA256_LEN])
{
    OCC_BUF_AUTO(text, OCC_LIMIT_CANONICAL_LEN);
    occ_canonical_put_without(&text, proof->root, skip_not_core, NULL);
    OCC_TRY(occ_buf_check(&text));
    occ_digest_sha256(occ_buf_view(&text), ret_hash);
    return occ_success();
}

/* ---- what is not signed (PROTOCOL §2.1) ---- */

bool
occ_body_signs(struct occ_bytes top_level_name)
{
    static const char *const covered[] = { "version", "artifact",    "commit", "signer",    "environment",
                                           "agency",  "attribution", "policy", "principal", NULL };
    return has_name(covered, top_level_name);
}

static void
visit_members(const struct occ_json *object, const char *path, names covered, occ_body_visit *visit, void *ctx)
{
    struct occ_json_iter it = { 0 };
    while (object != NULL && occ_json_next(object, &it)) {
        if (!has_name(covered, it.name)) {
            visit(ctx, path, it.name, it.value);
        }
    }
}

void
occ_body_each_unsigned(const struct occ_proof *proof, occ_body_visit *visit, void *ctx)
{
    static const char *const signer[] = { "publicKeyB64", "signatureB64", NULL };
    static const char *const environment[] = { "enforcement", "measurement", "attestation", NULL };
    static const char *const attestation[] = { "format", NULL };
    static const char *const agency[] = { "actor", NULL };
    struct occ_json_iter it = { 0 };
    while (occ_json_next(proof->root, &it)) {
        if (!occ_body_signs(it.name)) {
            visit(ctx, "", it.name, it.value);
        }
    }
    const struct occ_json *surroundings = occ_json_get(proof->root, "environment");
    visit_members(occ_json_get(proof->root, "signer"), "signer", signer, visit, ctx);
    visit_members(surroundings, "environment", environment, visit, ctx);
    visit_members(occ_json_get(surroundings, "attestation"), "environment.attestation", attestation, visit, ctx);
    visit_members(proof->agency, "agency", agency, visit, ctx);
}
