/* mac.c — libsodium's keyed BLAKE2b, the purpose as its personalization. */
#include "crypto/mac.h"

#include <sodium.h>

#include "crypto/secret.h"

/* In locked memory. */
struct occ_mac {
    uint8_t key[OCC_MAC_KEY_LEN];
};

struct occ_result
occ_mac_new(void (*fill)(void *ctx, void *ret, size_t len), void *ctx, struct occ_mac **ret_mac)
{
    void *memory = NULL;
    OCC_TRY(occ_secret_new(sizeof(struct occ_mac), &memory));
    struct occ_mac *const mac = memory;
    fill(ctx, mac->key, sizeof mac->key);
    *ret_mac = mac;
    return occ_success();
}

void
occ_mac_free(struct occ_mac *mac)
{
    occ_secret_free(mac);
}

void
occ_mac_make(const struct occ_mac *mac, const char *purpose, struct occ_bytes data, uint8_t ret_tag[OCC_MAC_LEN])
{
    uint8_t personal[OCC_MAC_PURPOSE_LEN] = { 0 };
    const size_t len = strlen(purpose);
    memcpy(personal, purpose, len < sizeof personal ? len : sizeof personal);
    /* Fails only for lengths that are out of range, and these are constants. */
    (void)crypto_generichash_blake2b_salt_personal(ret_tag, OCC_MAC_LEN, data.ptr, data.len, mac->key, sizeof mac->key,
                                                   NULL, personal);
}

bool
occ_mac_check(const struct occ_mac *mac, const char *purpose, struct occ_bytes data, const uint8_t tag[OCC_MAC_LEN])
{
    uint8_t expected[OCC_MAC_LEN];
    occ_mac_make(mac, purpose, data, expected);
    return occ_secret_equal(expected, tag, sizeof expected);
}
