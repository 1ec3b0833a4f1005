/*
 * fuzz/nitro.c — an attestation document of any bytes: read, and verified up to AWS's root and up to the root that it brings
 * itself, which takes the path and the signature into the game. Nothing crashes; refusals have a sentence; nothing that was
 * not made by AWS leads to AWS's root; what is read is read again under a tag, but not with a byte more or less.
 */
#include <stdlib.h>

#include "evidence/nitro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void
require_code(struct occ_result result, const struct occ_error *err)
{
    require(result.code == OCC_OK || (result.code >= OCC_ERR_NITRO_DOCUMENT && result.code <= OCC_ERR_NITRO_SIGNATURE));
    require(result.code == err->code && (result.code == OCC_OK) == (err->text[0] == '\0'));
}

static bool
inside(struct occ_bytes whole, struct occ_bytes view)
{
    return view.len == 0 || (view.ptr >= whole.ptr && view.ptr + view.len <= whole.ptr + whole.len);
}

static void
check_fields(const struct occ_nitro_document *document)
{
    const struct occ_bytes payload = document->sign1.payload;
    require(document->module_id.len > 0 && inside(payload, document->module_id));
    require(document->time_ms > 0 && document->time_ms < 1ull << 53u);
    for (size_t i = 0; i < OCC_LIMIT_NITRO_PCRS; i++) {
        require(document->pcrs[i].len == OCC_NITRO_PCR_LEN || (i > 2 && document->pcrs[i].len == 0));
        require(inside(payload, document->pcrs[i]));
    }
    require(document->certificate.len > 0 && inside(payload, document->certificate));
    require(document->cabundle_count > 0 && document->cabundle_count <= OCC_LIMIT_NITRO_CABUNDLE);
    for (size_t i = 0; i < document->cabundle_count; i++) {
        require(document->cabundle[i].len > 0 && inside(payload, document->cabundle[i]));
    }
    require(document->public_key.len <= OCC_LIMIT_NITRO_FIELD_LEN && inside(payload, document->public_key));
    require(document->user_data.len <= OCC_LIMIT_NITRO_FIELD_LEN && inside(payload, document->user_data));
    require(document->nonce.len <= OCC_LIMIT_NITRO_FIELD_LEN && inside(payload, document->nonce));
    require(document->has_public_key || document->public_key.len == 0);
    require(document->has_user_data || document->user_data.len == 0);
    require(document->has_nonce || document->nonce.len == 0);
}

/* The same under tag 18, cut, and with a byte more. */
static void
check_neighbours(const uint8_t *data, size_t size)
{
    struct occ_nitro_document document;
    uint8_t *copy = malloc(size + 2);
    require(copy != NULL);
    copy[0] = 0xd2;
    memcpy(copy + 1, data, size);
    copy[size + 1] = 0;
    const bool tagged = data[0] == 0xd2;
    const bool fits = size < OCC_LIMIT_NITRO_DOCUMENT_LEN;
    require(occ_nitro_read(occ_bytes_of(copy, size + 1), NULL, &document).code ==
            (tagged || !fits ? OCC_ERR_NITRO_DOCUMENT : OCC_OK));
    require(occ_nitro_read(occ_bytes_of(copy + 1, size + 1), NULL, &document).code == OCC_ERR_NITRO_DOCUMENT);
    require(occ_nitro_read(occ_bytes_of(copy + 1, size - 1), NULL, &document).code == OCC_ERR_NITRO_DOCUMENT);
    free(copy);
}

static void
verify_under(struct occ_bytes root, const struct occ_nitro_document *document, bool may_hold)
{
    struct occ_path_trust *trust = NULL;
    struct occ_error err = { 0 };
    struct occ_result result = occ_path_trust_new(root, &err, &trust);
    if (!occ_is_ok(result)) {
        require_code(result, &err);
        return;
    }
    struct occ_nitro_facts facts[2] = { { 0 } };
    const struct occ_result first = occ_nitro_verify(document, trust, &err, &facts[0]);
    require_code(first, &err);
    require(may_hold || !occ_is_ok(first));
    require(!occ_is_ok(first) ||
            (facts[0].not_before_ms <= document->time_ms && document->time_ms <= facts[0].not_after_ms));
    /* again, with a path that may be known now */
    const struct occ_result second = occ_nitro_verify(document, trust, NULL, &facts[1]);
    require(first.code == second.code && facts[0].not_after_ms == facts[1].not_after_ms);
    occ_path_trust_free(trust);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct occ_error err = { 0 };
    struct occ_nitro_document document;
    const struct occ_result result = occ_nitro_read(occ_bytes_of(data, size), &err, &document);
    require_code(result, &err);
    if (!occ_is_ok(result)) {
        return 0;
    }
    check_fields(&document);
    check_neighbours(data, size);
    (void)occ_nitro_is_debug(&document);
    verify_under(occ_nitro_aws_root(), &document, occ_bytes_equal(document.cabundle[0], occ_nitro_aws_root()));
    verify_under(document.cabundle[0], &document, true);
    return 0;
}
