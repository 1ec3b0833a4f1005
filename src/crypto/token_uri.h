/*
 * token_uri.h — the name of a key in a hardware token: "pkcs11:token=…;object=…" (RFC 7512), as far as a signing key needs it.
 *
 * A path attribute is a name, '=', and a value in which %XX stands for a byte. Attributes are separated by ';'.
 */
#ifndef OCC_CRYPTO_TOKEN_URI_H
#define OCC_CRYPTO_TOKEN_URI_H

#include "base/buf.h"

enum { OCC_TOKEN_URI_LEN_MAX = 1024 }; /* bytes of a whole uri */

/* True if text begins as such a uri. */
bool occ_token_uri_is(const char *text);
/*
 * Whether uri may be given to OpenSSL as the name of a signing key: it names its token by token or serial, so that a PIN is
 * never tried on another one, and its key by object or id; it has no attribute that is not known, none twice, and no query: a
 * PIN in it could be read by other users of the machine. Refused with OCC_ERR_USAGE; name begins the sentence.
 */
OCC_RESULT occ_token_uri_check(const char *name, const char *uri, struct occ_error *err);
/*
 * Appends the bytes of the attribute's value, decoded. OCC_ERR_NOT_FOUND: there is no such attribute; OCC_ERR_FIELD_ENCODING:
 * a '%' that two hex digits do not follow; or why ret cannot hold it.
 */
OCC_RESULT occ_token_uri_get(struct occ_bytes uri, const char *attribute, struct occ_buf *ret);
/* Appends uri without that attribute, whether it has it or not. */
void occ_token_uri_put_without(struct occ_buf *buf, struct occ_bytes uri, const char *attribute);
/* Appends bytes as a value: all but A-Z a-z 0-9 - . _ ~ (RFC 3986 §2.3) as %XX, so that equal bytes are equal text. */
void occ_token_uri_put_value(struct occ_buf *buf, struct occ_bytes bytes);

#endif
