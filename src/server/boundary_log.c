#include "server/boundary_log.h"

#include "base/base64.h"
#include "base/hex.h"

enum { KEY_SIZE = OCC_BASE64_LEN(OCC_ED25519_PUBLIC_LEN) + 1 };

static void
encode_key(const struct occ_boundary_identity *identity, char ret_text[KEY_SIZE])
{
    occ_base64_encode(occ_bytes_of(identity->public_key, OCC_ED25519_PUBLIC_LEN), ret_text);
    ret_text[KEY_SIZE - 1] = 0;
}

void
occ_boundary_log_up(const struct occ_events *events, const struct occ_boundary_identity *identity, uint64_t position,
                    int pid)
{
    char key[KEY_SIZE];
    encode_key(identity, key);
    const struct occ_event_field fields[] = { OCC_EVENT_TEXT("epochId", identity->epoch_id),
                                              OCC_EVENT_TEXT("publicKeyB64", key),
                                              OCC_EVENT_TEXT("enforcement", identity->enforcement),
                                              OCC_EVENT_TEXT("measurement", identity->measurement),
                                              OCC_EVENT_NUMBER("position", position),
                                              OCC_EVENT_NUMBER("pid", (uint64_t)pid) };
    occ_event_write(events, OCC_EVENT_INFO, "boundary up", fields, sizeof(fields) / sizeof(fields[0]));
}

void
occ_boundary_log_late(const struct occ_events *events, const struct occ_commit_outcome *outcome)
{
    char request[2 * OCC_LIMIT_OPAQUE_LEN + 1];
    struct occ_opaque note;
    const bool is_ours = occ_is_ok(occ_opaque_decode(outcome->opaque, &note));
    occ_boundary_request_id(is_ours ? occ_bytes_of(note.id, sizeof(note.id)) : outcome->opaque, request);
    const struct occ_event_field fields[] = { OCC_EVENT_TEXT("requestId", request),
                                              OCC_EVENT_NUMBER("position", outcome->position),
                                              OCC_EVENT_NUMBER("proofs", outcome->proof_count) };
    occ_event_write(events, OCC_EVENT_WARN, "result of an earlier connection", fields,
                    sizeof(fields) / sizeof(fields[0]));
}

void
occ_boundary_log_listening(const struct occ_events *events, const struct occ_boundary_identity *identity,
                           const char *address, const char *boundary)
{
    char key[KEY_SIZE] = "";
    if (identity != NULL) {
        encode_key(identity, key);
    }
    const struct occ_event_field fields[] = {
        OCC_EVENT_TEXT("address", address), OCC_EVENT_TEXT("boundary", boundary),
        OCC_EVENT_TEXT("epochId", identity == NULL ? "" : identity->epoch_id), OCC_EVENT_TEXT("publicKeyB64", key),
        OCC_EVENT_TEXT("measurement", identity == NULL ? "" : identity->measurement)
    };
    const size_t count = identity == NULL ? 2 : sizeof(fields) / sizeof(fields[0]);
    occ_event_write(events, OCC_EVENT_INFO, "listening", fields, count);
}

void
occ_boundary_request_id(struct occ_bytes opaque, char *ret_text)
{
    occ_hex_encode(opaque, ret_text);
    ret_text[2 * opaque.len] = 0;
}
