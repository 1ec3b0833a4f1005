/*
 * cbor.h — strict CBOR in (RFC 8949), over bytes that the caller keeps. No allocation, no tree, no recursion: a cursor.
 *
 * Refused: what is not well-formed, integers, lengths, counts and tags that are not in their shortest form (RFC 8949 §4.2.1),
 * strings in pieces (indefinite length), text that is not UTF-8, simple values other than false, true, null and undefined,
 * nesting beyond OCC_LIMIT_CBOR_DEPTH (arrays, maps and tags count alike, read or skipped), arrays of more than
 * OCC_LIMIT_CBOR_ITEMS members and maps of more than OCC_LIMIT_CBOR_PAIRS pairs (whatever a head claims is compared with the
 * limits before anything is done with it), names in maps that are neither integers nor strings, a map's name twice, bytes after
 * the item (occ_cbor_done). Arrays and maps of definite and of indefinite length are read alike.
 *
 * Errors are sticky: after a refusal every call gives nothing, and occ_cbor_done says so once, at the end. A caller that reads
 * more, fewer or other members than a group has is refused too: what was accepted was read to its end.
 */
#ifndef OCC_CODEC_CBOR_H
#define OCC_CODEC_CBOR_H

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

enum occ_cbor_type {
    OCC_CBOR_NONE, /* the end of the bytes, or after a refusal */
    OCC_CBOR_UINT,
    OCC_CBOR_NEGINT,
    OCC_CBOR_BYTES,
    OCC_CBOR_TEXT,
    OCC_CBOR_ARRAY,
    OCC_CBOR_MAP,
    OCC_CBOR_TAG,
    OCC_CBOR_NULL,
    OCC_CBOR_OTHER /* booleans, undefined, floats: skipped, never read */
};

/* The members are this module's; a copy is a second cursor at the same place. */
struct occ_cbor {
    const uint8_t *start, *next, *end; /* after a refusal, next is where the refused item begins */
    unsigned depth;                    /* open arrays and maps, and the tags around them */
    unsigned tags;                     /* tags read whose content is the next item */
    size_t items;                      /* read so far in the innermost open group; in a map, names and values */
    const char *why;                   /* NULL, or what was refused: static text for a sentence */
};

/* An open array or map. The caller keeps it as long as it is open. */
struct occ_cbor_group {
    bool map, indefinite;
    unsigned depth;                             /* of the cursor inside it */
    unsigned outer_depth;                       /* and of the cursor around it, */
    size_t outer_items;                         /* with what was read there, this group included */
    size_t left;                                /* members or pairs left, if definite */
    size_t count;                               /* members or pairs begun so far */
    const uint8_t *names[OCC_LIMIT_CBOR_PAIRS]; /* of a map: where each of them begins */
};

struct occ_cbor occ_cbor_of(struct occ_bytes bytes);
/* The type of the next item, without reading it. */
enum occ_cbor_type occ_cbor_peek(struct occ_cbor *cbor);
/* Each reads one item of exactly that type, or refuses. Views lie in the caller's bytes. Text is checked to be UTF-8. */
uint64_t occ_cbor_uint(struct occ_cbor *cbor);
/* A signed integer that fits 64 bits. */
int64_t occ_cbor_int(struct occ_cbor *cbor);
struct occ_bytes occ_cbor_bytes(struct occ_cbor *cbor);
struct occ_bytes occ_cbor_text(struct occ_cbor *cbor);
uint64_t occ_cbor_tag(struct occ_cbor *cbor); /* the tag's number; its content is the next item */
void occ_cbor_null(struct occ_cbor *cbor);
/* Reads over one item with all below it, as strictly as if it were read. Returns its bytes. */
struct occ_bytes occ_cbor_skip(struct occ_cbor *cbor);
/*
 * Opens an array or map. Then occ_cbor_array_next says whether another member follows (the caller reads it), and
 * occ_cbor_map_next likewise for a pair, of which the caller reads the name and then the value; it refuses a name that stood
 * in this map before. When they say false the group is closed.
 */
struct occ_cbor_group occ_cbor_array(struct occ_cbor *cbor);
struct occ_cbor_group occ_cbor_map(struct occ_cbor *cbor);
bool occ_cbor_array_next(struct occ_cbor *cbor, struct occ_cbor_group *group);
bool occ_cbor_map_next(struct occ_cbor *cbor, struct occ_cbor_group *group);
/* Refuses, with static text, for a caller that finds a value it cannot take. The first refusal stays. */
void occ_cbor_refuse(struct occ_cbor *cbor, const char *why);
/* True if nothing was refused so far. */
bool occ_cbor_ok(const struct occ_cbor *cbor);
/* Bytes read so far; after a refusal, the offset of the item that was refused. */
size_t occ_cbor_offset(const struct occ_cbor *cbor);
/* True if nothing was refused and all bytes are read. Otherwise *ret_why (may be NULL) says what was wrong. */
bool occ_cbor_done(struct occ_cbor *cbor, const char **ret_why);

#endif
