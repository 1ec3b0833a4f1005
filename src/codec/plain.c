/* plain.c — see plain.h. */
#include "codec/plain.h"

/* The byte in all eight places of a word. */
#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* What does not stand in a string as it is. */
static const bool special[256] = {
    [0x00] = true, [0x01] = true, [0x02] = true, [0x03] = true, [0x04] = true, [0x05] = true, [0x06] = true,
    [0x07] = true, [0x08] = true, [0x09] = true, [0x0a] = true, [0x0b] = true, [0x0c] = true, [0x0d] = true,
    [0x0e] = true, [0x0f] = true, [0x10] = true, [0x11] = true, [0x12] = true, [0x13] = true, [0x14] = true,
    [0x15] = true, [0x16] = true, [0x17] = true, [0x18] = true, [0x19] = true, [0x1a] = true, [0x1b] = true,
    [0x1c] = true, [0x1d] = true, [0x1e] = true, [0x1f] = true, ['"'] = true,  ['\\'] = true,
};

/*
 * True if none of eight bytes is special. (x - n) & ~x has the top bit of a byte set if that byte of x is below n, which is at
 * most 0x80. A byte of which another borrows is such a one itself, so that no byte is called special if none is.
 */
static bool
are_plain(uint64_t eight)
{
    const uint64_t quote = eight ^ EIGHT('"');
    const uint64_t backslash = eight ^ EIGHT('\\');
    const uint64_t found =
        ((eight - EIGHT(0x20)) & ~eight) | ((quote - EIGHT(1)) & ~quote) | ((backslash - EIGHT(1)) & ~backslash);
    return (found & EIGHT(0x80)) == 0;
}

size_t
occ_plain_length(struct occ_bytes text)
{
    size_t len = 0;
    while (text.len - len >= 8) {
        uint64_t eight;
        memcpy(&eight, text.ptr + len, 8);
        if (!are_plain(eight)) {
            break;
        }
        len += 8;
    }
    while (len < text.len && !special[text.ptr[len]]) {
        len++;
    }
    return len;
}
