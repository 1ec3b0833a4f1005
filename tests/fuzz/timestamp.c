/*
 * fuzz/timestamp.c — a token, or a response with one, of any bytes, with and without roots. Nothing crashes; every
 * refusal has a code of its own kind and a sentence; roots change nothing but trust and what a path is worth; what is
 * reported is in bounds. The same bytes are also read as a file of roots.
 */
#include <stdlib.h>

#include "crypto/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The roots of the seeds: make_timestamp's, P-256, valid from 2016 to 2036. */
static const char roots_pem[] =
#include "timestamp_root.inc"
    ;

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool
is_code_of_token(enum occ_err code)
{
    return code >= OCC_ERR_TIMESTAMP_TOKEN && code <= OCC_ERR_TIMESTAMP_PATH;
}

static enum occ_err
verify(struct occ_bytes token, const struct occ_timestamp_roots *roots, struct occ_timestamp_facts *ret_facts)
{
    struct occ_error err = { .code = OCC_OK };
    const enum occ_err code = occ_timestamp_verify(token, roots, &err, ret_facts).code;
    require(code == OCC_OK || (is_code_of_token(code) && err.code == code && err.text[0] != '\0'));
    return code;
}

static void
check_facts(const struct occ_timestamp_facts *facts)
{
    require(facts->imprint_len == 32 || facts->imprint_len == 48 || facts->imprint_len == 64);
    require(facts->nonce_len <= sizeof facts->nonce && (facts->nonce_len == 0 || facts->nonce[0] != 0));
    require(facts->gen_time_ns < 1000000000 && facts->gen_time_ms % 1000 == facts->gen_time_ns / 1000000);
    require(facts->trusted == (facts->untrusted[0] == '\0'));
    require(strlen(facts->signer) < sizeof facts->signer && occ_bytes_is_utf8(occ_bytes_str(facts->signer)));
    require(facts->policy[0] != '\0' && facts->serial[0] != '\0');
}

static void
check_token(struct occ_bytes token, const struct occ_timestamp_roots *roots)
{
    struct occ_timestamp_facts alone, with;
    const enum occ_err code = verify(token, NULL, &alone);
    const enum occ_err with_roots = verify(token, roots, &with);
    require(with_roots == code || (code == OCC_OK && with_roots == OCC_ERR_TIMESTAMP_PATH));
    if (code != OCC_OK) {
        return;
    }
    require(!alone.trusted && token.ptr[0] == 0x30);
    check_facts(&alone);
    if (with_roots == OCC_OK) {
        check_facts(&with);
        require(memcmp(alone.signer_sha256, with.signer_sha256, OCC_SHA256_LEN) == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct occ_timestamp_roots *roots; /* made once: threads and later inputs share it */
    if (roots == NULL) {
        require(occ_is_ok(occ_timestamp_roots_new(occ_bytes_str(roots_pem), NULL, &roots)));
    }
    const struct occ_bytes input = occ_bytes_of(data, size);
    check_token(input, roots);
    struct occ_error err = { .code = OCC_OK };
    struct occ_bytes token;
    const enum occ_err code = occ_timestamp_response_token(input, &err, &token).code;
    require(code == OCC_OK || (code == OCC_ERR_TIMESTAMP_TOKEN && err.text[0] != '\0'));
    if (code == OCC_OK) {
        require(token.ptr + token.len == data + size);
        check_token(token, roots);
    }
    struct occ_timestamp_roots *read = NULL;
    if (occ_is_ok(occ_timestamp_roots_new(input, &err, &read))) {
        require(occ_timestamp_roots_count(read) > 0);
        occ_timestamp_roots_free(read);
    }
    return 0;
}
