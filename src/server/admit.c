/* admit.c — see admit.h. */
#include "server/admit.h"

#include "crypto/digest.h"
#include "server/options.h"

static struct occ_result
make_limiter(const struct occ_rate *rate, size_t callers, struct occ_limiter **ret_limiter)
{
    return rate->calls == 0 ? occ_success() : occ_limiter_new(rate, callers, ret_limiter);
}

struct occ_result
occ_admit_init(const struct occ_options *options, struct occ_admit *ret_admit)
{
    struct occ_admit admit = { .proxies = options->proxies };
    struct occ_result made = make_limiter(&options->rate_key, OCC_LIMIT_RATE_KEYS, &admit.per_key);
    if (occ_is_ok(made)) {
        made = make_limiter(&options->rate_address, OCC_LIMIT_RATE_ADDRESSES, &admit.per_address);
    }
    if (occ_is_ok(made)) {
        made = make_limiter(&options->demo_rate, OCC_LIMIT_RATE_ADDRESSES, &admit.demo);
    }
    if (!occ_is_ok(made)) {
        occ_admit_clear(&admit);
        return made;
    }
    *ret_admit = admit;
    return occ_success();
}

void
occ_admit_clear(struct occ_admit *admit)
{
    occ_limiter_free(admit->per_key);
    occ_limiter_free(admit->per_address);
    occ_limiter_free(admit->demo);
    *admit = (struct occ_admit){ 0 };
}

void
occ_admit_find_client(const struct occ_admit *admit, const struct occ_http_request *request,
                      struct occ_admit_caller *ret_caller)
{
    struct occ_bytes forwarded[OCC_LIMIT_HTTP_HEADERS];
    unsigned count = 0;
    ret_caller->has_client = admit->proxies.trusts_unix || admit->proxies.count > 0;
    if (!ret_caller->has_client) {
        return;
    }
    while (count < OCC_LIMIT_HTTP_HEADERS && occ_http_header_at(request, "x-forwarded-for", count, &forwarded[count])) {
        count++;
    }
    occ_client_address_find(&admit->proxies, occ_http_peer(request), forwarded, count, &ret_caller->client);
}

void
occ_admit_identify(const struct occ_admit *admit, const struct occ_http_request *request, const char *key,
                   struct occ_admit_caller *ret_caller)
{
    ret_caller->has_key = key[0] != 0;
    if (admit->per_key != NULL && key[0] != 0) {
        uint8_t hash[OCC_SHA256_LEN];
        occ_digest_sha256(occ_bytes_str(key), hash);
        memcpy(ret_caller->key_id, hash, OCC_LIMITER_ID_LEN);
    } else if (admit->per_address != NULL || admit->demo != NULL) {
        struct occ_address client = ret_caller->client;
        if (!ret_caller->has_client) {
            occ_client_address_find(&admit->proxies, occ_http_peer(request), NULL, 0, &client);
        }
        const struct occ_address subscriber = occ_client_address_subscriber(&client);
        memcpy(ret_caller->address_id, subscriber.bytes, OCC_LIMITER_ID_LEN);
    }
}

/* more 0: the call itself. */
static bool
take(struct occ_limiter *limiter, const uint8_t id[OCC_LIMITER_ID_LEN], uint64_t more, uint64_t now_ms,
     uint64_t *ret_wait_ms)
{
    if (limiter == NULL) {
        return true;
    }
    return more == 0 ? occ_limiter_take(limiter, id, now_ms, ret_wait_ms)
                     : occ_limiter_take_more(limiter, id, more, now_ms, ret_wait_ms);
}

static bool
take_all(struct occ_admit *admit, const struct occ_admit_caller *caller, uint64_t more, uint64_t now_ms,
         uint64_t *ret_wait_ms)
{
    if (caller->has_key && admit->per_key != NULL) {
        return take(admit->per_key, caller->key_id, more, now_ms, ret_wait_ms);
    }
    return take(admit->per_address, caller->address_id, more, now_ms, ret_wait_ms) &&
           (!caller->is_demo || take(admit->demo, caller->address_id, more, now_ms, ret_wait_ms));
}

bool
occ_admit_call(struct occ_admit *admit, const struct occ_admit_caller *caller, uint64_t now_ms, uint64_t *ret_wait_ms)
{
    return take_all(admit, caller, 0, now_ms, ret_wait_ms);
}

bool
occ_admit_more(struct occ_admit *admit, const struct occ_admit_caller *caller, uint64_t more, uint64_t now_ms,
               uint64_t *ret_wait_ms)
{
    return more == 0 || take_all(admit, caller, more, now_ms, ret_wait_ms);
}
