#include "server/opaque.h"

#include "base/reader.h"

enum { VERSION = 1 };
enum { WANTS_ARTIFACT = 1, WANTS_PROOF = 2, REPEAT = 4, KNOWN_FLAGS = 7 };

_Static_assert((int)OCC_OPAQUE_LEN_MAX <= OCC_LIMIT_OPAQUE_LEN, "the boundary keeps no more");

size_t
occ_opaque_encode(const struct occ_opaque *opaque, uint8_t ret_bytes[OCC_OPAQUE_LEN_MAX])
{
    uint8_t *to = ret_bytes;
    *to++ = VERSION;
    memcpy(to, opaque->id, OCC_OPAQUE_ID_LEN);
    to += OCC_OPAQUE_ID_LEN;
    for (int shift = 56; shift >= 0; shift -= 8) {
        *to++ = (uint8_t)(opaque->received_ms >> shift);
    }
    *to++ = (uint8_t)((opaque->wants_artifact_token ? WANTS_ARTIFACT : 0) |
                      (opaque->wants_proof_token ? WANTS_PROOF : 0) | (opaque->has_repeat ? REPEAT : 0));
    if (opaque->has_repeat) {
        memcpy(to, opaque->repeat, OCC_SHA256_LEN);
        memcpy(to + OCC_SHA256_LEN, opaque->body, OCC_SHA256_LEN);
        to += 2 * OCC_SHA256_LEN;
    }
    return (size_t)(to - ret_bytes);
}

struct occ_result
occ_opaque_decode(struct occ_bytes bytes, struct occ_opaque *ret_opaque)
{
    struct occ_opaque opaque = { 0 };
    struct occ_reader in = occ_reader_of(bytes);
    OCC_ENSURE(occ_reader_u8(&in) == VERSION, OCC_ERR_WIRE_MESSAGE);
    occ_reader_copy(&in, opaque.id, sizeof(opaque.id));
    opaque.received_ms = occ_reader_be64(&in);
    const uint8_t flags = occ_reader_u8(&in);
    opaque.wants_artifact_token = (flags & WANTS_ARTIFACT) != 0;
    opaque.wants_proof_token = (flags & WANTS_PROOF) != 0;
    opaque.has_repeat = (flags & REPEAT) != 0;
    if (opaque.has_repeat) {
        occ_reader_copy(&in, opaque.repeat, sizeof(opaque.repeat));
        occ_reader_copy(&in, opaque.body, sizeof(opaque.body));
    }
    OCC_ENSURE(occ_reader_done(&in) && (flags & ~KNOWN_FLAGS) == 0, OCC_ERR_WIRE_MESSAGE);
    *ret_opaque = opaque;
    return occ_success();
}
