/* keeper.c — see keeper.h, which has the table of states. */
#include "boundary/keeper.h"

#include <stdlib.h>

#include "base/limits.h"

enum { PAUSE_MS = OCC_LIMIT_TOKEN_RETRY_MS };

enum state { UP, AWAY, OTHER, BARRED };

struct keeper {
    struct occ_keeper_config config;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN]; /* the only one that is taken back */
    enum state state;
    struct occ_signer device; /* while UP */
    uint64_t good_ms;         /* while UP: when it was last seen to sign */
    uint64_t opened_ms;       /* when it was last opened, or tried to be */
    struct occ_error told;    /* while not UP: what on_change was told last */
};

static uint64_t
now_of(const struct keeper *keeper)
{
    return keeper->config.uptime_ms(keeper->config.ctx);
}

/* Not UP for that reason: says so, once. */
static void
be_down(struct keeper *keeper, enum state state, const char *why)
{
    const bool is_new = keeper->state == UP || strcmp(why, keeper->told.text) != 0;
    keeper->state = state;
    occ_signer_clear(&keeper->device);
    (void)occ_error_set(&keeper->told, OCC_ERR_TOKEN, "%s", why);
    if (is_new && keeper->config.on_change != NULL) {
        keeper->config.on_change(keeper->config.ctx, keeper->told.text);
    }
}

/* What anybody may hear; the log has the reason. */
static const char *
trouble_of(const struct keeper *keeper)
{
    switch (keeper->state) {
    case OTHER:
        return "the hardware key is another one";
    case BARRED:
        return "the hardware token refused its PIN: commits are stopped until the boundary is restarted";
    case UP:
    case AWAY:
        break;
    }
    return "the hardware key is away, try again later";
}

/* A device is open: is it the one that went away? Takes device. */
static struct occ_result
take_back(struct keeper *keeper, struct occ_signer *device)
{
    const bool is_same = memcmp(device->public_key, keeper->public_key, sizeof keeper->public_key) == 0;
    const struct occ_result tested =
        is_same ? occ_signer_test(device, occ_bytes_str("back")) : occ_result_of(OCC_ERR_SIGNATURE);
    if (occ_is_ok(tested)) {
        keeper->device = *device;
        keeper->state = UP;
        keeper->good_ms = now_of(keeper);
        if (keeper->config.on_change != NULL) {
            keeper->config.on_change(keeper->config.ctx, NULL);
        }
        return tested;
    }
    occ_signer_clear(device);
    if (tested.code == OCC_ERR_SIGNATURE) {
        be_down(keeper, OTHER,
                is_same ? "the token came back and signs wrongly" : "the token came back with another key");
        return tested;
    }
    be_down(keeper, AWAY, "the token is there, but does not sign");
    return occ_result_of(OCC_ERR_TOKEN);
}

/* Away: looks for the device, unless it did so just now. */
static struct occ_result
look(struct keeper *keeper)
{
    if (now_of(keeper) - keeper->opened_ms < PAUSE_MS) {
        return occ_result_of(OCC_ERR_TOKEN);
    }
    struct occ_signer device = { 0 };
    struct occ_error err = { .code = OCC_OK };
    const struct occ_result opened = keeper->config.open(keeper->config.ctx, &err, &device);
    keeper->opened_ms = now_of(keeper); /* it may have taken a while */
    if (occ_is_ok(opened)) {
        return take_back(keeper, &device);
    }
    be_down(keeper, opened.code == OCC_ERR_DENIED ? BARRED : AWAY,
            err.code == OCC_OK ? occ_result_text(opened.code) : err.text);
    return occ_result_of(OCC_ERR_TOKEN);
}

/* Success: the device is there, as far as is known. */
static struct occ_result
be_up(struct keeper *keeper)
{
    switch (keeper->state) {
    case UP:
        return occ_success();
    case AWAY:
        return look(keeper);
    case OTHER:
        return occ_result_of(OCC_ERR_SIGNATURE);
    case BARRED:
        break;
    }
    return occ_result_of(OCC_ERR_TOKEN);
}

static struct occ_result
try_to_sign(struct keeper *keeper, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    OCC_TRY(be_up(keeper));
    const struct occ_result made = keeper->device.sign(keeper->device.ctx, message, ret_signature);
    if (made.code == OCC_ERR_TOKEN) {
        be_down(keeper, AWAY, "the token does not sign");
        return made;
    }
    if (occ_is_ok(made)) {
        keeper->good_ms = now_of(keeper);
    }
    return made;
}

static struct occ_result
sign(void *ctx, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    struct keeper *const keeper = ctx;
    const bool was_up = keeper->state == UP;
    const struct occ_result made = try_to_sign(keeper, message, ret_signature);
    /* A session that timed out, a device that was reset: opened again, it signs, and nobody need know. */
    return made.code == OCC_ERR_TOKEN && was_up ? try_to_sign(keeper, message, ret_signature) : made;
}

static struct occ_result
probe(void *ctx, struct occ_error *err)
{
    struct keeper *const keeper = ctx;
    struct occ_result found = be_up(keeper);
    if (occ_is_ok(found) && now_of(keeper) - keeper->good_ms >= PAUSE_MS) {
        struct occ_signer self = { .ctx = keeper, .sign = sign };
        memcpy(self.public_key, keeper->public_key, sizeof self.public_key);
        found = occ_signer_test(&self, occ_bytes_str("probe"));
    }
    if (found.code == OCC_ERR_SIGNATURE && keeper->state == UP) {
        be_down(keeper, OTHER, "the token signs wrongly");
    }
    if (keeper->state == UP) { /* memory is not the device's fault */
        return occ_is_ok(found) ? found : occ_error_code(err, found.code);
    }
    return occ_error_set(err, found.code, "%s", trouble_of(keeper));
}

static void
free_keeper(void *ctx)
{
    struct keeper *const keeper = ctx;
    occ_signer_clear(&keeper->device);
    if (keeper->config.free != NULL) {
        keeper->config.free(keeper->config.ctx);
    }
    free(keeper);
}

struct occ_result
occ_keeper_new(const struct occ_keeper_config *config, struct occ_error *err, struct occ_signer *ret_signer)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    struct occ_result opened = keeper == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
    if (occ_is_ok(opened)) {
        keeper->config = *config;
        opened = config->open(config->ctx, err, &keeper->device);
    }
    if (!occ_is_ok(opened)) {
        free(keeper);
        if (config->free != NULL) {
            config->free(config->ctx);
        }
        return opened;
    }
    memcpy(keeper->public_key, keeper->device.public_key, sizeof keeper->public_key);
    keeper->opened_ms = keeper->good_ms = now_of(keeper);
    struct occ_signer signer = {
        .ctx = keeper, .always_check = true, .sign = sign, .probe = probe, .free = free_keeper
    };
    memcpy(signer.public_key, keeper->public_key, sizeof signer.public_key);
    *ret_signer = signer;
    return occ_success();
}
