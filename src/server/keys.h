/*
 * keys.h — API keys (PROTOCOL §3): names and SHA-256 digests of the keys, never the keys themselves.
 *
 * The file has one key per line: NAME SHA256HEX, separated by blanks; blank lines and lines that begin with '#' are
 * skipped. A name is 1 to 64 characters of A-Za-z0-9._- and unique, and so is a digest. API_KEYS of the seed era is a
 * comma-separated list of the keys themselves; those are named env.1, env.2, … in the order given.
 */
#ifndef OCC_SERVER_KEYS_H
#define OCC_SERVER_KEYS_H

#include "base/bytes.h"
#include "base/result.h"

enum { OCC_KEYS_NAME_SIZE = 65 }; /* the longest name and its zero byte */

struct occ_keys;

/* An empty set. */
OCC_RESULT occ_keys_new(struct occ_keys **ret_keys);
void occ_keys_free(struct occ_keys *keys); /* NULL is allowed */
size_t occ_keys_count(const struct occ_keys *keys);

/* Adds all of from. */
OCC_RESULT occ_keys_add_all(struct occ_keys *keys, const struct occ_keys *from, struct occ_error *err);
/* Adds the keys of a comma-separated list; blanks around a key are not part of it. At least one must be in it. */
OCC_RESULT occ_keys_add_list(struct occ_keys *keys, struct occ_bytes list, struct occ_error *err);
/* Adds the lines of a key file's text; path is for messages, which name file and line. At least one key must be in it. */
OCC_RESULT occ_keys_add_text(struct occ_keys *keys, const char *path, struct occ_bytes text, struct occ_error *err);
/* Reads the file and adds it. */
OCC_RESULT occ_keys_add_file(struct occ_keys *keys, const char *path, struct occ_error *err);

/*
 * The name of the key that token is, or NULL. token is hashed and its digest compared with that of every key, in a time
 * that does not depend on which of them is equal. The name is valid as long as keys.
 */
const char *occ_keys_match(const struct occ_keys *keys, struct occ_bytes token);

#endif
