/* given.c — which field may stand where, once. */
#include "boundary/given.h"

/* wire/commit.h says where each may stand. */
static const struct {
    const char *name;
    bool of_request, of_digest;
} fields[OCC_GIVEN_TAGS] = {
    [OCC_COMMIT_METADATA] = { "metadata", true, true },
    [OCC_COMMIT_AGENCY] = { "agency", true, true },
    [OCC_COMMIT_SLOT] = { "slotId", false, true },
    [OCC_COMMIT_CHAIN] = { "chainId", true, false },
    [OCC_COMMIT_ATTRIBUTION] = { "attribution", true, false },
    [OCC_COMMIT_POLICY] = { "policy", true, false },
    [OCC_COMMIT_PRINCIPAL] = { "principal", true, false },
};

const char *
occ_given_name(enum occ_commit_tag tag)
{
    return fields[tag].name;
}

static OCC_RESULT
check_place(const struct occ_commit_field *field, const char *prefix, const struct occ_given *given,
            struct occ_error *err)
{
    const bool is_digest = prefix[0] != '\0';
    if (field->tag >= OCC_GIVEN_TAGS || fields[field->tag].name == NULL) {
        return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "%sfield with tag %u: not known to this boundary", prefix,
                             field->tag);
    }
    const char *const name = fields[field->tag].name;
    if (is_digest ? !fields[field->tag].of_digest : !fields[field->tag].of_request) {
        return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "%s%s: belongs to %s", prefix, name,
                             is_digest ? "the whole request" : "one of its digests");
    }
    if (given->has[field->tag]) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s%s: given twice", prefix, name);
    }
    return occ_success();
}

struct occ_result
occ_given_read(struct occ_commit_reader *reader, const char *prefix, const struct occ_agency_scope *agency,
               struct occ_error *refusal, struct occ_given *ret)
{
    *ret = (struct occ_given){ 0 };
    for (;;) {
        struct occ_commit_field field;
        bool more = false;
        OCC_TRY(occ_commit_next_field(reader, &field, &more));
        if (!more) {
            return occ_success();
        }
        struct occ_error why;
        if (occ_is_ok(check_place(&field, prefix, ret, &why))) {
            ret->has[field.tag] = true;
            ret->value[field.tag] = field.value;
            continue;
        }
        if (refusal->code == OCC_OK) {
            *refusal = why;
        }
        if (field.tag == OCC_COMMIT_AGENCY) {
            occ_agency_spend(agency, field.value);
        }
    }
}
