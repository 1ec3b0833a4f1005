#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/inspect_parts.h"

static struct occ_json *
parse(const char *text)
{
    struct occ_json *root = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_json_parse(occ_bytes_str(text), 16, &err, &root))) {
        fail_msg("%s", err.text);
    }
    return root;
}

static void
is_text(struct occ_buf *buf, const char *text)
{
    occ_buf_put_byte(buf, 0);
    assert_true(occ_is_ok(occ_buf_check(buf)));
    assert_string_equal((const char *)buf->ptr, text);
    occ_buf_reset(buf);
}

static void
signed_parts(void **state)
{
    (void)state;
    OCC_BUF_AUTO(out, 8192);
    struct occ_json *commit = parse("{\"slotCounter\":\"7\",\"slotHashB64\":\"aGFzaA==\"}");
    struct occ_json *agency = parse("{\"actor\":{\"keyId\":\"0a\",\"provider\":\"a\\u001b[31m\"}}");
    struct occ_json *link =
        parse("{\"prevEpochId\":\"e\",\"prevCounter\":\"12\",\"prevPublicKeyB64\":\"k\",\"prevProofHashB64\":\"h\","
              "\"prevEnforcement\":\"stub\",\"prevMeasurement\":\"m\"}");
    struct occ_proof proof = { .commit = commit, .agency = agency, .epoch_link = link };
    occ_inspect_parts_put_signed(&out, &proof);
    is_text(&out, "  actor         0a, kept in a\\u001b[31m (as the caller says)\n"
                  "  slot          counter 7, with the hash aGFzaA==\n"
                  "  goes on from  counter 12 of epoch e\n"
                  "    its key     k, stub, m\n"
                  "    its hash    h\n");
    struct occ_json *plain = parse("{\"counter\":\"1\"}");
    proof = (struct occ_proof){ .commit = plain };
    occ_inspect_parts_put_signed(&out, &proof);
    assert_int_equal(out.len, 0);
    occ_json_free(plain);
    occ_json_free(link);
    occ_json_free(agency);
    occ_json_free(commit);
}

static void
members_of_commit(void **state)
{
    (void)state;
    assert_true(occ_inspect_parts_shows(occ_bytes_str("slotCounter")));
    assert_true(occ_inspect_parts_shows(occ_bytes_str("slotHashB64")));
    assert_true(occ_inspect_parts_shows(occ_bytes_str("epochLink")));
    assert_false(occ_inspect_parts_shows(occ_bytes_str("slot")));
}

static void
authorizations(void **state)
{
    (void)state;
    OCC_BUF_AUTO(out, 8192);
    struct occ_json *direct = parse("{\"artifactHash\":\"d\",\"challenge\":\"c\",\"timestamp\":1741496392841}");
    occ_inspect_parts_put_authorization(&out, direct);
    is_text(&out, "  authorization direct, by the actor's clock at 2025-03-09T04:59:52.841Z; signed by the actor\n"
                  "    digest      d\n"
                  "    challenge   c\n");
    occ_json_free(direct);
    struct occ_json *bare =
        parse("{\"format\":\"webauthn\",\"artifactHash\":\"d\",\"challenge\":\"c\",\"timestamp\":\"x\","
              "\"clientDataJSON\":\"{}\"}");
    occ_inspect_parts_put_authorization(&out, bare);
    is_text(&out, "  authorization webauthn, of no digest; signed by the actor, but for the time\n"
                  "    digest      d\n"
                  "    challenge   c\n"
                  "    client data {}\n");
    occ_json_free(bare);
    struct occ_json *strong = parse("{\"format\":\"webauthn\",\"nonceB64\":\"n\",\"timestamp\":0}");
    occ_inspect_parts_put_authorization(&out, strong);
    assert_true(
        occ_bytes_starts(occ_buf_view(&out),
                         "  authorization webauthn, of this digest, by the actor's clock at 1970-01-01T00:00:00.000Z"));
    occ_json_free(strong);
}

static void
slots(void **state)
{
    (void)state;
    OCC_BUF_AUTO(out, 8192);
    struct occ_json *slot = parse("{\"counter\":\"7\",\"chainId\":\"c\",\"time\":0,\"nonceB64\":\"n\"}");
    occ_inspect_parts_put_slot(&out, slot);
    is_text(&out, "  slot          counter 7 of chain c, allocated 1970-01-01T00:00:00.000Z; signed on its own\n"
                  "    nonce       n\n");
    occ_json_free(slot);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(signed_parts), cmocka_unit_test(members_of_commit),
                                        cmocka_unit_test(authorizations), cmocka_unit_test(slots) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
