/*
 * commit_field.h — what a caller may give a commit beside its digests, each checked for type, shape and size and put into the
 * request for the boundary (PROTOCOL §2.1, §3, §4, §6). The boundary reads all of it again, and decides.
 */
#ifndef OCC_SERVER_COMMIT_FIELD_H
#define OCC_SERVER_COMMIT_FIELD_H

#include "codec/json.h"
#include "wire/commit.h"

/* Where fields go and what went wrong. value: memory that is used again and again, of OCC_LIMIT_VALUE_LEN bytes at most. */
struct occ_commit_fields {
    struct occ_commit_writer *writer;
    struct occ_buf *value;
    struct occ_error *err;
};

/*
 * Each of these puts one field. value is what stood there, where its name for messages ("digests[3].agency"). *ret_len: bytes
 * that the field adds to a proof at most, its name included. Refusals: OCC_ERR_FIELD_…; OCC_ERR_NOMEM.
 */

/* metadata: an object; an empty one is put all the same, since a digest's own stands in the place of the request's. */
OCC_RESULT occ_commit_field_put_metadata(const struct occ_commit_fields *fields, const struct occ_json *value,
                                         const char *where, size_t *ret_len);
/*
 * attribution, policy, principal: an object without names that JavaScript would reorder or drop (PROTOCOL §1). An empty one
 * is not put: in a proof a field is absent rather than empty (PROTOCOL §2).
 */
OCC_RESULT occ_commit_field_put_signed(const struct occ_commit_fields *fields, enum occ_commit_tag tag,
                                       const struct occ_json *value, const char *where, size_t *ret_len);
/* agency: actor and authorization and nothing else, with the members that PROTOCOL §4 names. */
OCC_RESULT occ_commit_field_put_agency(const struct occ_commit_fields *fields, const struct occ_json *value,
                                       const char *where, size_t *ret_len);
/* A slotId: a text of 1 to OCC_LIMIT_SLOT_ID_LEN bytes. */
OCC_RESULT occ_commit_field_put_slot(const struct occ_commit_fields *fields, const struct occ_json *value,
                                     const char *where, size_t *ret_len);
/* A chainId (occ_commit_field_read_chain). */
OCC_RESULT occ_commit_field_put_chain(const struct occ_commit_fields *fields, const struct occ_json *value,
                                      const char *where, size_t *ret_len);

/* A chainId: 1 to OCC_LIMIT_CHAIN_ID_LEN of A-Za-z0-9._:- (PROTOCOL §6). *ret_chain_id is a view into value. */
OCC_RESULT occ_commit_field_read_chain(const struct occ_json *value, const char *where, struct occ_error *err,
                                       struct occ_bytes *ret_chain_id);

#endif
