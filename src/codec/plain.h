/*
 * plain.h — how far a text stands in a JSON string as it is. The reader's scan, the canonical writer and the splitting of
 * streams all look for the same bytes.
 */
#ifndef OCC_CODEC_PLAIN_H
#define OCC_CODEC_PLAIN_H

#include "base/bytes.h"

/* The length of the beginning of text without quote, backslash and control characters (below 0x20), RFC 8259 §7. */
size_t occ_plain_length(struct occ_bytes text);

#endif
