/* call.c — see call.h. */
#include "sim/call.h"

#include "codec/cbor.h"

static struct occ_bytes
read_bytes_or_null(struct occ_cbor *cbor)
{
    if (occ_cbor_peek(cbor) == OCC_CBOR_NULL) {
        occ_cbor_null(cbor);
        return occ_bytes_of(NULL, 0);
    }
    return occ_cbor_bytes(cbor);
}

static void
read_attestation(struct occ_cbor *cbor, struct occ_sim_wanted *wanted)
{
    struct occ_cbor_group members = occ_cbor_map(cbor);
    while (occ_cbor_map_next(cbor, &members)) {
        const struct occ_bytes name = occ_cbor_text(cbor);
        if (occ_bytes_is(name, "user_data")) {
            wanted->user_data = read_bytes_or_null(cbor);
        } else if (occ_bytes_is(name, "nonce")) {
            wanted->nonce = read_bytes_or_null(cbor);
        } else if (occ_bytes_is(name, "public_key")) {
            wanted->public_key = read_bytes_or_null(cbor);
        } else {
            occ_cbor_refuse(cbor, "an unknown name");
        }
    }
}

static void
read_pcr_index(struct occ_cbor *cbor, uint64_t *index)
{
    struct occ_cbor_group members = occ_cbor_map(cbor);
    while (occ_cbor_map_next(cbor, &members)) {
        if (!occ_bytes_is(occ_cbor_text(cbor), "index")) {
            occ_cbor_refuse(cbor, "an unknown name");
        }
        *index = occ_cbor_uint(cbor);
    }
    if (members.count == 0) {
        occ_cbor_refuse(cbor, "no index");
    }
}

/* A request without arguments is a text, one with arguments a map of one pair. */
struct occ_sim_call
occ_sim_call_read(struct occ_bytes request)
{
    struct occ_sim_call call = { .kind = OCC_SIM_CALL_UNKNOWN };
    struct occ_cbor cbor = occ_cbor_of(request);
    if (occ_cbor_peek(&cbor) == OCC_CBOR_TEXT) {
        const struct occ_bytes name = occ_cbor_text(&cbor);
        call.kind = occ_bytes_is(name, "GetRandom")     ? OCC_SIM_CALL_GET_RANDOM
                    : occ_bytes_is(name, "DescribeNSM") ? OCC_SIM_CALL_DESCRIBE_NSM
                                                        : OCC_SIM_CALL_UNKNOWN;
    } else {
        struct occ_cbor_group kinds = occ_cbor_map(&cbor);
        while (occ_cbor_map_next(&cbor, &kinds)) {
            const struct occ_bytes name = occ_cbor_text(&cbor);
            if (call.kind == OCC_SIM_CALL_UNKNOWN && occ_bytes_is(name, "Attestation")) {
                call.kind = OCC_SIM_CALL_ATTESTATION;
                read_attestation(&cbor, &call.wanted);
            } else if (call.kind == OCC_SIM_CALL_UNKNOWN && occ_bytes_is(name, "DescribePCR")) {
                call.kind = OCC_SIM_CALL_DESCRIBE_PCR;
                read_pcr_index(&cbor, &call.index);
            } else {
                occ_cbor_refuse(&cbor, "an unknown request");
            }
        }
    }
    if (!occ_cbor_done(&cbor, NULL)) {
        call.kind = OCC_SIM_CALL_UNKNOWN;
    }
    return call;
}
