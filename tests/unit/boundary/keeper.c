/* keeper.c — each transition of the table in keeper.h, with a device that fails when it is told to; and what a gate makes of it. */
#include "unit/boundary/parent.h"

#include "boundary/keeper.h"

/* A device, and what it does next. */
struct device {
    uint64_t uptime_ms;
    bool is_away, signs_not, lies, is_other;
    enum occ_err open_code; /* what opening gives where it is away */
    unsigned fail_at;       /* the signature at which, counted from 1, it begins not to sign; 0 = none */
    unsigned opened, freed, signed_now, changes, ended;
    char told[OCC_ERROR_TEXT_SIZE];
};

static struct occ_result
device_sign(void *ctx, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    struct device *const device = ctx;
    device->signed_now++;
    const bool fails = device->fail_at != 0 && device->signed_now >= device->fail_at;
    OCC_ENSURE(!device->is_away && !device->signs_not && !fails, OCC_ERR_TOKEN);
    uint8_t seed[OCC_ED25519_SEED_LEN] = { device->is_other };
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    occ_ed25519_key_pair(seed, public_key, secret);
    occ_ed25519_sign(secret, message, ret_signature);
    ret_signature[3] ^= device->lies;
    return occ_success();
}

static void
device_free(void *ctx)
{
    ((struct device *)ctx)->freed++;
}

static struct occ_result
device_open(void *ctx, struct occ_error *err, struct occ_signer *ret_signer)
{
    struct device *const device = ctx;
    device->opened++;
    if (device->is_away) {
        return occ_error_set(err, device->open_code, "no such token is there");
    }
    const uint8_t seed[OCC_ED25519_SEED_LEN] = { device->is_other };
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    *ret_signer = (struct occ_signer){ .ctx = device, .sign = device_sign, .free = device_free };
    occ_ed25519_key_pair(seed, ret_signer->public_key, secret);
    return occ_success();
}

static uint64_t
device_uptime(void *ctx)
{
    return ((struct device *)ctx)->uptime_ms;
}

static void
device_change(void *ctx, const char *trouble)
{
    struct device *const device = ctx;
    device->changes++;
    (void)snprintf(device->told, sizeof device->told, "%s", trouble == NULL ? "back" : trouble);
}

static void
device_end(void *ctx)
{
    ((struct device *)ctx)->ended++;
}

static struct occ_keeper_config
config_of(struct device *device)
{
    *device = (struct device){ .uptime_ms = 10000, .open_code = OCC_ERR_NOT_FOUND };
    return (struct occ_keeper_config){
        .open = device_open, .uptime_ms = device_uptime, .on_change = device_change, .free = device_end, .ctx = device
    };
}

static void
begin(struct device *device, struct occ_signer *signer)
{
    const struct occ_keeper_config config = config_of(device);
    assert_int_equal(occ_keeper_new(&config, NULL, signer).code, OCC_OK);
    assert_true(signer->always_check);
}

static enum occ_err
sign(const struct occ_signer *signer)
{
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    const struct occ_result made = signer->sign(signer->ctx, occ_bytes_str("m"), signature);
    if (occ_is_ok(made)) {
        return occ_ed25519_verify(signer->public_key, occ_bytes_str("m"), signature).code;
    }
    return made.code;
}

static enum occ_err
probe(const struct occ_signer *signer, const char *sentence)
{
    struct occ_error err = { .code = OCC_OK };
    const struct occ_result probed = signer->probe(signer->ctx, &err);
    assert_string_equal(err.text, sentence);
    assert_int_equal(err.code, probed.code);
    return probed.code;
}

static void
end(struct device *device, struct occ_signer *signer)
{
    occ_signer_clear(signer);
    assert_int_equal(device->ended, 1);
}

static void
test_cannot_begin(void **state)
{
    (void)state;
    struct device device;
    const struct occ_keeper_config config = config_of(&device);
    struct occ_signer signer = { 0 };
    struct occ_error err;
    device.is_away = true;
    device.open_code = OCC_ERR_DENIED;
    assert_int_equal(occ_keeper_new(&config, &err, &signer).code, OCC_ERR_DENIED);
    assert_string_equal(err.text, "no such token is there");
    assert_null(signer.ctx);
    assert_int_equal(device.ended, 1);
}

static void
test_away_and_back(void **state)
{
    (void)state;
    struct device device;
    struct occ_signer signer;
    begin(&device, &signer);
    assert_int_equal(sign(&signer), OCC_OK);
    assert_int_equal(probe(&signer, ""), OCC_OK);
    device.is_away = true;
    device.uptime_ms += 500; /* it was opened just now: no new try */
    assert_int_equal(sign(&signer), OCC_ERR_TOKEN);
    assert_int_equal(device.opened, 1);
    assert_int_equal(device.freed, 1);
    assert_string_equal(device.told, "the token does not sign");
    assert_int_equal(probe(&signer, "the hardware key is away, try again later"), OCC_ERR_TOKEN);
    /* A try a second, however often it is asked. */
    for (unsigned second = 1; second < 4; second++) {
        device.uptime_ms += 1000;
        for (unsigned i = 0; i < 5; i++) {
            assert_int_equal(sign(&signer), OCC_ERR_TOKEN);
            assert_int_equal(probe(&signer, "the hardware key is away, try again later"), OCC_ERR_TOKEN);
        }
        assert_int_equal(device.opened, 1 + second);
    }
    device.is_away = false;
    device.uptime_ms += 999;
    assert_int_equal(sign(&signer), OCC_ERR_TOKEN);
    device.uptime_ms += 1;
    assert_int_equal(sign(&signer), OCC_OK);
    assert_string_equal(device.told, "back");
    assert_int_equal(device.changes, 3); /* it does not sign, it is not there, it is back: each once */
    assert_int_equal(probe(&signer, ""), OCC_OK);
    end(&device, &signer);
    assert_int_equal(device.freed, 2);
}

/* A session that timed out: opened again and signed, and the caller has noticed nothing. */
static void
test_again_at_once(void **state)
{
    (void)state;
    struct device device;
    struct occ_signer signer;
    begin(&device, &signer);
    device.uptime_ms += 60000;
    device.signs_not = true;
    assert_int_equal(sign(&signer), OCC_ERR_TOKEN); /* opens, but does not pass its test */
    assert_int_equal(device.opened, 2);
    assert_int_equal(device.freed, 2);
    device.signs_not = false;
    device.uptime_ms += 1000;
    assert_int_equal(probe(&signer, ""), OCC_OK); /* a probe finds it, too */
    assert_int_equal(device.opened, 3);
    end(&device, &signer);
}

/* Health is not what was true an hour ago. */
static void
test_probe_signs(void **state)
{
    (void)state;
    struct device device;
    struct occ_signer signer;
    begin(&device, &signer);
    assert_int_equal(probe(&signer, ""), OCC_OK);
    assert_int_equal(device.signed_now, 0);
    device.uptime_ms += 1000;
    assert_int_equal(probe(&signer, ""), OCC_OK);
    assert_int_equal(probe(&signer, ""), OCC_OK);
    assert_int_equal(device.signed_now, 1);
    device.uptime_ms += 1000;
    device.is_away = true;
    assert_int_equal(probe(&signer, "the hardware key is away, try again later"), OCC_ERR_TOKEN);
    assert_int_equal(device.changes, 2);
    assert_string_equal(device.told, "no such token is there");
    end(&device, &signer);
}

static void
test_a_probe_that_lies(void **state)
{
    (void)state;
    struct device device;
    struct occ_signer signer;
    begin(&device, &signer);
    device.uptime_ms += 1000;
    device.lies = true;
    assert_int_equal(probe(&signer, "the hardware key is another one"), OCC_ERR_SIGNATURE);
    device.lies = false;
    assert_int_equal(sign(&signer), OCC_ERR_SIGNATURE);
    end(&device, &signer);
}

static void
test_another_key(void **state)
{
    (void)state;
    struct device device;
    struct occ_signer signer;
    begin(&device, &signer);
    device.is_away = true;
    assert_int_equal(sign(&signer), OCC_ERR_TOKEN);
    device.is_away = false;
    device.is_other = true;
    device.uptime_ms += 1000;
    assert_int_equal(sign(&signer), OCC_ERR_SIGNATURE);
    assert_string_equal(device.told, "the token came back with another key");
    /* For good, also if the first one is there again. */
    device.is_other = false;
    device.uptime_ms += 1000;
    assert_int_equal(sign(&signer), OCC_ERR_SIGNATURE);
    assert_int_equal(probe(&signer, "the hardware key is another one"), OCC_ERR_SIGNATURE);
    assert_int_equal(device.opened, 2);
    end(&device, &signer);
    assert_int_equal(device.freed, 2);
}

/* It says that it is the same key, and signs with another. */
static void
test_a_wrong_signature_at_the_return(void **state)
{
    (void)state;
    struct device device;
    struct occ_signer signer;
    begin(&device, &signer);
    device.is_away = true;
    assert_int_equal(sign(&signer), OCC_ERR_TOKEN);
    device.is_away = false;
    device.lies = true;
    device.uptime_ms += 1000;
    assert_int_equal(sign(&signer), OCC_ERR_SIGNATURE);
    end(&device, &signer);
}

static void
test_a_refused_pin(void **state)
{
    (void)state;
    struct device device;
    struct occ_signer signer;
    begin(&device, &signer);
    device.is_away = true;
    device.open_code = OCC_ERR_DENIED;
    assert_int_equal(sign(&signer), OCC_ERR_TOKEN);
    for (unsigned i = 0; i < 5; i++) {
        device.uptime_ms += 60000;
        assert_int_equal(sign(&signer), OCC_ERR_TOKEN);
        assert_int_equal(device.opened, 2); /* and never again: the token would be locked */
    }
    device.is_away = false;
    assert_int_equal(
        probe(&signer, "the hardware token refused its PIN: commits are stopped until the boundary is restarted"),
        OCC_ERR_TOKEN);
    end(&device, &signer);
}

/* ---- in a gate ---- */

static struct occ_status
ping(struct parent *parent)
{
    occ_buf_reset(&parent->in);
    occ_frame_end(&parent->in, occ_frame_begin(&parent->in, OCC_FRAME_PING, 9));
    assert_int_equal(parent_play(parent), OCC_OK);
    const struct occ_frame frame = parent_frame(parent);
    struct occ_status status;
    assert_int_equal(frame.type, OCC_FRAME_PONG);
    assert_int_equal(occ_status_read(frame.payload, &status).code, OCC_OK);
    return status;
}

static void
begin_gate(struct device *device, struct parent *parent)
{
    struct occ_gate_config config = world_config(&parent->world);
    occ_signer_clear(&config.signer);
    begin(device, &config.signer);
    parent_begin_with(parent, &config);
}

static void
expect_away(struct parent *parent)
{
    parent_commit(parent, "x", NULL, 3);
    struct occ_commit_results in = parent_results(parent, 5, 1);
    parent_expect_refusal(&in, OCC_ERR_TOKEN, "the hardware key is away: nothing was committed, try again later");
}

static void
test_a_gate_waits_for_its_key(void **state)
{
    (void)state;
    static struct parent parent;
    struct device device;
    begin_gate(&device, &parent);
    parent_commit_well(&parent, 1, 2);
    assert_int_equal(ping(&parent).trouble.len, 0);
    device.is_away = true;
    expect_away(&parent);
    assert_true(occ_bytes_is(ping(&parent).trouble, "the hardware key is away, try again later"));
    assert_true(occ_gate_is_sound(parent.gate));
    device.is_away = false;
    device.uptime_ms += 1000;
    assert_int_equal(ping(&parent).trouble.len, 0);
    parent_commit_well(&parent, 2, 2); /* the next counters, position and link: nothing has moved */
    /* In the middle of a request. */
    device.uptime_ms += 10;
    device.fail_at = device.signed_now + 2;
    expect_away(&parent);
    assert_int_equal(device.signed_now, device.fail_at);
    device.fail_at = 0;
    device.uptime_ms += 1000;
    parent_commit_well(&parent, 3, 4);
    parent_end(&parent);
}

static void
test_a_gate_halts_at_another_key(void **state)
{
    (void)state;
    static struct parent parent;
    struct device device;
    begin_gate(&device, &parent);
    parent_commit_well(&parent, 1, 1);
    device.is_away = true;
    expect_away(&parent);
    device.is_away = false;
    device.is_other = true;
    device.uptime_ms += 1000;
    occ_buf_reset(&parent.in);
    occ_frame_end(&parent.in, occ_frame_begin(&parent.in, OCC_FRAME_PING, 9));
    assert_int_equal(parent_play(&parent), OCC_ERR_INTEGRITY);
    assert_int_equal(parent_frame(&parent).type, OCC_FRAME_REFUSED);
    assert_false(occ_gate_is_sound(parent.gate));
    parent_end(&parent);
}

/* Each signature is verified, not one in a thousand. */
static void
test_a_gate_halts_at_a_wrong_signature(void **state)
{
    (void)state;
    static struct parent parent;
    struct device device;
    begin_gate(&device, &parent);
    parent_commit_well(&parent, 1, 5);
    device.lies = true;
    parent_commit(&parent, "x", NULL, 1);
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    parent_expect_refusal(&in, OCC_ERR_INTEGRITY, "the boundary found that it cannot trust itself");
    assert_false(occ_gate_is_sound(parent.gate));
    parent_end(&parent);
}

static int
set_up(void **state)
{
    (void)state;
    return occ_is_ok(occ_secret_init()) ? 0 : 1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cannot_begin),
        cmocka_unit_test(test_away_and_back),
        cmocka_unit_test(test_again_at_once),
        cmocka_unit_test(test_probe_signs),
        cmocka_unit_test(test_a_probe_that_lies),
        cmocka_unit_test(test_another_key),
        cmocka_unit_test(test_a_wrong_signature_at_the_return),
        cmocka_unit_test(test_a_refused_pin),
        cmocka_unit_test(test_a_gate_waits_for_its_key),
        cmocka_unit_test(test_a_gate_halts_at_another_key),
        cmocka_unit_test(test_a_gate_halts_at_a_wrong_signature),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
