/*
 * tests/unit/verify/conformance.c: the cases of tests/conformance, under the sanitizers. tests/scenario/test_295_conformance.py holds
 * them against other verifiers.
 */
#include "unit/codec/vectors.h"
#include "unit/verify/support.h"

enum { LINE_MAX_LEN = 1 << 20, FILE_MAX_LEN = 2 << 20, VERIFIERS_MAX = 16 };

/* ---- files ---- */

static void
read_whole(const char *name, size_t name_len, struct occ_buf *buf)
{
    char path[1024];
    assert_in_range(snprintf(path, sizeof path, "%s/%.*s", OCC_CONFORMANCE, (int)name_len, name), 1, sizeof path - 1);
    vectors_read_path(path, buf);
}

/* Calls each(line's value) for every line of a file; returns how many there were. */
static size_t
each_case(const char *file, void (*each)(void *ctx, const struct occ_json *line), void *ctx)
{
    OCC_BUF_AUTO(text, FILE_MAX_LEN);
    read_whole(file, strlen(file), &text);
    size_t count = 0;
    const uint8_t *at = text.ptr;
    const uint8_t *const end = text.ptr + text.len;
    while (at < end) {
        const uint8_t *const stop = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(stop);
        __attribute__((cleanup(occ_json_cleanup))) struct occ_json *line = NULL;
        struct occ_error err = { 0 };
        if (!occ_is_ok(occ_json_parse(occ_bytes_of(at, (size_t)(stop - at)), OCC_LIMIT_JSON_DEPTH, &err, &line))) {
            fail_msg("%s, line %zu: %s", file, count + 1, err.text);
        }
        each(ctx, line);
        count++;
        at = stop + 1;
    }
    return count;
}

static struct occ_bytes
text_of(const struct occ_json *line, const char *name)
{
    const struct occ_json *value = occ_json_get(line, name);
    return value == NULL ? occ_bytes_of(NULL, 0) : occ_json_string(value);
}

static void
put_decoded(struct occ_buf *buf, struct occ_bytes base64)
{
    uint8_t *to = occ_buf_reserve(buf, base64.len);
    assert_non_null(to);
    assert_true(occ_is_ok(occ_base64_decode(base64, base64.len, to, &buf->len)));
}

/* ---- verify.jsonl ---- */

/* One verifier for each "trust", whose canonical text is its name. */
struct verifiers {
    size_t count;
    struct {
        char *name;
        occ_verifier *verifier;
    } known[VERIFIERS_MAX];
};

static size_t
take_names(const struct occ_json *trust, const char *member, char texts[][64], const char *names[])
{
    const struct occ_json *list = occ_json_get(trust, member);
    const size_t count = list == NULL ? 0 : occ_json_length(list);
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++) {
        const struct occ_bytes text = occ_json_string(occ_json_at(list, i));
        assert_true(text.len < 64);
        memcpy(texts[i], text.ptr, text.len);
        texts[i][text.len] = '\0';
        names[i] = texts[i];
    }
    return count;
}

static void
take_root(const struct occ_json *trust, const char *member, struct occ_buf *buf)
{
    const struct occ_bytes file = text_of(trust, member);
    if (file.len > 0) {
        read_whole((const char *)file.ptr, file.len, buf);
    }
}

static occ_verifier *
make_verifier(const struct occ_json *trust)
{
    OCC_BUF_AUTO(nitro, 1 << 16);
    OCC_BUF_AUTO(sim, 1 << 16);
    OCC_BUF_AUTO(tsa, 1 << 16);
    char rp_texts[4][64], origin_texts[4][64];
    const char *rp_ids[4] = { NULL }, *origins[4] = { NULL };
    struct occ_verifier_options options = { .size = sizeof options, .rp_ids = rp_ids, .origins = origins };
    if (trust != NULL) {
        take_root(trust, "nitroRoot", &nitro);
        take_root(trust, "simNitroRoot", &sim);
        take_root(trust, "tsaRoots", &tsa);
        options.rp_id_count = take_names(trust, "rpIds", rp_texts, rp_ids);
        options.origin_count = take_names(trust, "origins", origin_texts, origins);
    }
    options.nitro_root = nitro.ptr;
    options.nitro_root_len = nitro.len;
    options.sim_nitro_root = sim.ptr;
    options.sim_nitro_root_len = sim.len;
    options.tsa_roots = tsa.ptr;
    options.tsa_roots_len = tsa.len;
    occ_verifier *verifier = NULL;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_OK);
    return verifier;
}

static const occ_verifier *
verifier_for(struct verifiers *verifiers, const struct occ_json *trust)
{
    OCC_BUF_AUTO(name, 1 << 16);
    if (trust != NULL) {
        occ_canonical_put(&name, trust);
    }
    occ_buf_put_byte(&name, '\0');
    assert_true(occ_is_ok(occ_buf_check(&name)));
    for (size_t i = 0; i < verifiers->count; i++) {
        if (strcmp(verifiers->known[i].name, (const char *)name.ptr) == 0) {
            return verifiers->known[i].verifier;
        }
    }
    assert_true(verifiers->count < VERIFIERS_MAX);
    const size_t at = verifiers->count++;
    verifiers->known[at].name = malloc(name.len);
    assert_non_null(verifiers->known[at].name);
    memcpy(verifiers->known[at].name, name.ptr, name.len);
    verifiers->known[at].verifier = make_verifier(trust);
    return verifiers->known[at].verifier;
}

static void
hold_verdict(const struct occ_json *line, enum occ_err code, const occ_report *report)
{
    const struct occ_bytes expected = text_of(line, "expected");
    const char *found = code == OCC_OK ? "valid" : occ_code_name(code);
    if (!occ_bytes_is(expected, found)) {
        fail_msg("%.*s: %s (%s), expected %.*s", OCC_BYTES_ARG(text_of(line, "name")), found, occ_report_reason(report),
                 OCC_BYTES_ARG(expected));
    }
    const struct occ_bytes hash = text_of(line, "proofHash");
    if (hash.len > 0) {
        char member[100];
        assert_in_range(snprintf(member, sizeof member, "\"proofHash\":\"%.*s\"", OCC_BYTES_ARG(hash)), 1, 99);
        assert_non_null(strstr(occ_report_json(report, NULL), member));
    }
}

static void
verify_case(void *ctx, const struct occ_json *line)
{
    OCC_BUF_AUTO(decoded, LINE_MAX_LEN);
    OCC_BUF_AUTO(digest, 64);
    struct occ_bytes proof = text_of(line, "proof");
    if (occ_json_get(line, "proofB64") != NULL) {
        put_decoded(&decoded, text_of(line, "proofB64"));
        proof = occ_buf_view(&decoded);
    }
    const struct occ_bytes policy = text_of(line, "policy");
    if (occ_json_get(line, "digestB64") != NULL) {
        put_decoded(&digest, text_of(line, "digestB64"));
        assert_int_equal(digest.len, 32);
    }
    const struct occ_verify_input input = { .size = sizeof input,
                                            .proof = proof.ptr,
                                            .proof_len = proof.len,
                                            .policy = policy.ptr,
                                            .policy_len = policy.len,
                                            .digest = digest.len > 0 ? digest.ptr : NULL };
    const occ_verifier *verifier = verifier_for(ctx, occ_json_get(line, "trust"));
    for (int again = 0; again < 2; again++) { /* with what the verifier remembers, the verdict is the same */
        occ_report *report = NULL;
        const enum occ_err code = occ_verify(verifier, &input, &report);
        assert_non_null(report);
        hold_verdict(line, code, report);
        occ_report_free(report);
    }
}

static void
test_verify(void **state)
{
    (void)state;
    struct verifiers verifiers = { .count = 0 };
    assert_true(each_case("verify.jsonl", verify_case, &verifiers) > 500);
    for (size_t i = 0; i < verifiers.count; i++) {
        free(verifiers.known[i].name);
        occ_verifier_free(verifiers.known[i].verifier);
    }
}

/* ---- encodings.jsonl ---- */

static void
hold_bytes(const struct occ_json *line, const char *member, struct occ_bytes found)
{
    const struct occ_bytes expected = text_of(line, member);
    if (!occ_bytes_equal(found, expected)) {
        fail_msg("%.*s: %s: %.*s, expected %.*s", OCC_BYTES_ARG(text_of(line, "name")), member, OCC_BYTES_ARG(found),
                 OCC_BYTES_ARG(expected));
    }
}

static void
hold_hash(const struct occ_json *line, const char *member, const uint8_t hash[OCC_SHA256_LEN])
{
    OCC_BUF_AUTO(text, 64);
    occ_base64_put(&text, occ_bytes_of(hash, OCC_SHA256_LEN));
    hold_bytes(line, member, occ_buf_view(&text));
}

static void
canonical_case(const struct occ_json *line)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *value = NULL;
    OCC_BUF_AUTO(text, LINE_MAX_LEN);
    uint8_t hash[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_json_parse(text_of(line, "text"), OCC_LIMIT_JSON_DEPTH, NULL, &value)));
    occ_canonical_put(&text, value);
    hold_bytes(line, "canonical", occ_buf_view(&text));
    occ_digest_sha256(occ_buf_view(&text), hash);
    hold_hash(line, "sha256B64", hash);
}

static void
base64_case(const struct occ_json *line)
{
    const struct occ_bytes text = text_of(line, "text");
    uint8_t bytes[64];
    size_t len = 0;
    const bool good = occ_is_ok(occ_base64_decode(text, sizeof bytes, bytes, &len));
    assert_int_equal(good, occ_json_get(line, "refused") == NULL);
    if (good) {
        char hex[2 * sizeof bytes];
        occ_hex_encode(occ_bytes_of(bytes, len), hex);
        hold_bytes(line, "hex", occ_bytes_of(hex, 2 * len));
    }
}

static void
hashes_case(const struct occ_json *line)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    OCC_BUF_AUTO(body, LINE_MAX_LEN);
    uint8_t hash[OCC_SHA256_LEN];
    struct occ_proof proof;
    assert_true(occ_is_ok(occ_json_parse(text_of(line, "text"), OCC_LIMIT_JSON_DEPTH, NULL, &root)));
    assert_true(occ_is_ok(occ_proof_read(root, NULL, &proof)));
    occ_body_put(&body, &proof);
    hold_bytes(line, "signedBody", occ_buf_view(&body));
    assert_true(occ_is_ok(occ_body_proof_hash(&proof, hash)));
    hold_hash(line, "proofHash", hash);
    assert_true(occ_is_ok(occ_body_link_hash(&proof, false, hash)));
    hold_hash(line, "linkHash", hash);
    assert_true(occ_is_ok(occ_body_core_hash(&proof, hash)));
    hold_hash(line, "coreHash", hash);
    struct occ_hashes hashes = { .size = sizeof hashes };
    const struct occ_bytes text = text_of(line, "text");
    assert_int_equal(occ_hashes_of(text.ptr, text.len, &hashes), OCC_OK);
    hold_hash(line, "proofHash", hashes.proof_hash);
    hold_hash(line, "linkHash", hashes.link_hash);
    hold_hash(line, "coreHash", hashes.core_hash);
    const bool attested = proof.attestation_format.len > 0;
    assert_int_equal(memcmp(hashes.link_hash, hashes.link_hash_with_report, sizeof hashes.link_hash) != 0, attested);
}

static void
encoding_case(void *ctx, const struct occ_json *line)
{
    size_t *counts = ctx;
    const struct occ_bytes kind = text_of(line, "kind");
    static const struct {
        const char *kind;
        void (*hold)(const struct occ_json *line);
    } kinds[] = { { "canonical", canonical_case }, { "base64", base64_case }, { "hashes", hashes_case } };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (occ_bytes_is(kind, kinds[i].kind)) {
            kinds[i].hold(line);
            counts[i]++;
        }
    }
}

static void
test_encodings(void **state)
{
    (void)state;
    size_t counts[3] = { 0 };
    const size_t lines = each_case("encodings.jsonl", encoding_case, counts);
    assert_int_equal(counts[0] + counts[1] + counts[2], lines);
    assert_true(counts[0] > 60 && counts[1] > 15 && counts[2] > 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_verify), cmocka_unit_test(test_encodings) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
