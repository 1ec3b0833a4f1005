#include "server/vitals.h"

void
occ_vitals_forget(struct occ_vitals *vitals)
{
    *vitals = (struct occ_vitals){ 0 };
}

static void
set_trouble(struct occ_vitals *vitals, const struct occ_events *events, struct occ_bytes why)
{
    struct occ_error sentence = { 0 };
    if (why.len > 0) {
        (void)occ_error_set(&sentence, OCC_ERR_ATTESTER, "%.*s", OCC_BYTES_ARG(why));
    }
    const bool was_well = vitals->trouble[0] == 0, is_well = sentence.text[0] == 0;
    if (!is_well && strcmp(sentence.text, vitals->trouble) != 0) {
        occ_event_error(events, OCC_EVENT_ERROR, "boundary takes no commits", sentence.text);
    } else if (is_well && !was_well) {
        occ_event_note(events, OCC_EVENT_INFO, "boundary takes commits again");
    }
    memcpy(vitals->trouble, sentence.text, sizeof(vitals->trouble));
    vitals->newest.trouble = occ_bytes_str(vitals->trouble);
}

/* PROTOCOL §5: a document's time is the only clock that the parent cannot set. */
static void
judge_clock(struct occ_vitals *vitals, const struct occ_events *events, int64_t clock_ms)
{
    const uint64_t off_ms = clock_ms < 0 ? (uint64_t) - (clock_ms + 1) + 1 : (uint64_t)clock_ms;
    const bool is_off = off_ms > OCC_LIMIT_ATTEST_CLOCK_MS;
    if (is_off && !vitals->clock_is_off) {
        const struct occ_event_field fields[] = {
            OCC_EVENT_NUMBER("differenceMs", off_ms),
            OCC_EVENT_TEXT("direction", clock_ms > 0 ? "behind its documents" : "ahead of its documents")
        };
        occ_event_write(events, OCC_EVENT_WARN, "boundary's clock is off", fields, sizeof(fields) / sizeof(fields[0]));
    } else if (!is_off && vitals->clock_is_off) {
        occ_event_note(events, OCC_EVENT_INFO, "boundary's clock is right again");
    }
    vitals->clock_is_off = is_off;
}

void
occ_vitals_take(struct occ_vitals *vitals, const struct occ_events *events, const struct occ_status *status)
{
    vitals->is_known = true;
    vitals->newest = *status;
    set_trouble(vitals, events, status->trouble);
    judge_clock(vitals, events, status->clock_ms);
}

void
occ_vitals_take_refusal(struct occ_vitals *vitals, const struct occ_events *events, struct occ_bytes why)
{
    static const char unsaid[] = "the boundary's device fails";
    set_trouble(vitals, events, why.len > 0 ? why : occ_bytes_str(unsaid));
}

const char *
occ_vitals_trouble(const struct occ_vitals *vitals)
{
    return vitals->trouble[0] == 0 ? NULL : vitals->trouble;
}
