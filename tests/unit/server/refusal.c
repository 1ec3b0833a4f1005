/* Every code that the boundary can refuse with has the status that PROTOCOL §3 gives it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/refusal.h"

static void
test_status(void **state)
{
    (void)state;
    static const struct {
        enum occ_err code;
        unsigned status;
    } cases[] = {
        { OCC_ERR_UNAVAILABLE, 503 },
        { OCC_ERR_TIMEOUT, 503 },
        { OCC_ERR_BUSY, 503 },
        { OCC_ERR_LIMIT, 413 },
        { OCC_ERR_REPEAT, 422 },
        { OCC_ERR_ATTESTER, 503 },
        { OCC_ERR_TOKEN, 503 },
        { OCC_ERR_TIMESTAMP_REQUIRED, 503 },
        { OCC_ERR_TOKEN, 503 },
        { OCC_ERR_SLOT_SIGNATURE, 400 },
        { OCC_ERR_EPOCH_LINK_TARGET, 500 },
        { OCC_ERR_UNSUPPORTED, 400 },
        { OCC_ERR_BASE64, 400 },
        { OCC_ERR_JSON_SYNTAX, 400 },
        { OCC_ERR_FIELD_MISSING, 400 },
        { OCC_ERR_FIELD_NAME, 400 },
        { OCC_ERR_CHALLENGE_UNKNOWN, 400 },
        { OCC_ERR_CHALLENGE_EXPIRED, 400 },
        { OCC_ERR_CHALLENGE_USED, 400 },
        { OCC_ERR_AGENCY_TIME, 400 },
        { OCC_ERR_AGENCY_BARE, 400 },
        { OCC_ERR_SLOT_UNKNOWN, 400 },
        { OCC_ERR_SLOT_EXPIRED, 400 },
        { OCC_ERR_SLOT_USED, 400 },
        { OCC_ERR_CHAIN_UNKNOWN, 400 },
        { OCC_ERR_PROOF_STRUCTURE, 400 },
        { OCC_ERR_ACTOR_KEY, 400 },
        { OCC_ERR_ACTOR_SIGNATURE, 400 },
        { OCC_ERR_WEBAUTHN_ORIGIN, 400 },
        { OCC_ERR_LINK, 500 },
        { OCC_ERR_WIRE_MESSAGE, 500 },
        { OCC_ERR_UNKNOWN_OUTCOME, 500 },
        { OCC_ERR_INTEGRITY, 500 },
        { OCC_ERR_NOMEM, 503 },
        { OCC_ERR_INTERNAL, 500 },
        { OCC_ERR_RANDOM, 500 },
        { OCC_ERR_NITRO_DOCUMENT, 500 },
        { OCC_ERR_POLICY_TIME_LOW, 500 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(occ_refusal_status(cases[i].code), cases[i].status);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_status) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
