/* timestamp_info.c — what a token says: RFC 3161 §2.4.2, TSTInfo. */
#include <stdio.h>

#include <openssl/evp.h>

#include "base/calendar.h"
#include "base/hex.h"
#include "crypto/timestamp_private.h"

static struct occ_bytes
bytes_of(const ASN1_STRING *string)
{
    return occ_bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

/* An integer's magnitude without leading zeros. */
static struct occ_bytes
magnitude_of(const ASN1_INTEGER *integer)
{
    struct occ_bytes bytes = bytes_of(integer);
    while (bytes.len > 0 && bytes.ptr[0] == 0) {
        bytes = occ_bytes_of(bytes.ptr + 1, bytes.len - 1);
    }
    return bytes;
}

static OCC_RESULT
read_imprint(TS_TST_INFO *info, struct occ_error *err, struct occ_timestamp_facts *facts)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const int nid = occ_timestamp_token_plain_algorithm(TS_MSG_IMPRINT_get_algo(imprint));
    const char *name = occ_timestamp_token_digest_name(nid);
    if (name == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN,
                             "the token's imprint is not a SHA-256, SHA-384 or SHA-512 digest");
    }
    const struct occ_bytes digest = bytes_of(TS_MSG_IMPRINT_get_msg(imprint));
    const size_t expected = nid == NID_sha256 ? 32 : nid == NID_sha384 ? 48 : 64;
    if (digest.len != expected) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token's imprint has %zu bytes, expected %zu for %s",
                             digest.len, expected, name);
    }
    facts->imprint_algorithm = name;
    facts->imprint_len = digest.len;
    memcpy(facts->imprint, digest.ptr, digest.len);
    return occ_success();
}

/*
 * GeneralizedTime as RFC 3161 §2.4.2 has it, "20260313022513.25Z", put as RFC 3339 has it. The zeros at the end of a
 * fraction, which it forbids, are let pass: they are signed and can be read in one way only.
 */
static OCC_RESULT
read_gen_time(const TS_TST_INFO *info, struct occ_error *err, struct occ_timestamp_facts *facts)
{
    enum { FIXED_LEN = 14 /* YYYYMMDDhhmmss */, LEN_MAX = FIXED_LEN + 1 + OCC_CALENDAR_FRACTION_MAX + 1 };
    const struct occ_bytes said = bytes_of(TS_TST_INFO_get_time(info));
    struct occ_calendar_time time;
    if (said.len > FIXED_LEN && said.len <= LEN_MAX && said.ptr[said.len - 1] == 'Z') {
        const char *t = (const char *)said.ptr;
        char text[64];
        const int len = snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s%.*s", t, t + 4, t + 6, t + 8, t + 10,
                                 t + 12, (int)(said.len - FIXED_LEN), t + FIXED_LEN);
        if (len > 0 && occ_is_ok(occ_calendar_parse(occ_bytes_of(text, (size_t)len), &time))) {
            facts->gen_time_ms = time.unix_ms;
            facts->gen_time_ns = time.nanoseconds;
            return occ_success();
        }
    }
    return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token's genTime is not a UTC time: %.*s",
                         OCC_BYTES_ARG(said));
}

/* An optional INTEGER from 0 to max. */
static bool
read_number(const ASN1_INTEGER *integer, uint64_t max, uint64_t *ret_number)
{
    *ret_number = 0;
    return integer == NULL || (ASN1_INTEGER_get_uint64(ret_number, integer) == 1 && *ret_number <= max);
}

static OCC_RESULT
read_accuracy(TS_TST_INFO *info, struct occ_error *err, struct occ_timestamp_facts *facts)
{
    const TS_ACCURACY *accuracy = TS_TST_INFO_get_accuracy(info);
    if (accuracy == NULL) {
        return occ_success();
    }
    uint64_t seconds, millis, micros;
    if (!read_number(TS_ACCURACY_get_seconds(accuracy), UINT32_MAX, &seconds) ||
        !read_number(TS_ACCURACY_get_millis(accuracy), 999, &millis) ||
        !read_number(TS_ACCURACY_get_micros(accuracy), 999, &micros)) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token's accuracy is out of range");
    }
    facts->has_accuracy = true;
    facts->accuracy_us = seconds * 1000000 + millis * 1000 + micros;
    return occ_success();
}

static OCC_RESULT
read_numbers(TS_TST_INFO *info, struct occ_error *err, struct occ_timestamp_facts *facts)
{
    const struct occ_bytes serial = bytes_of(TS_TST_INFO_get_serial(info));
    const size_t serial_max = (OCC_TIMESTAMP_SERIAL_SIZE - 1) / 2;
    const size_t serial_len = serial.len > serial_max ? serial_max : serial.len;
    occ_hex_encode(occ_bytes_of(serial.ptr, serial_len), facts->serial);
    facts->serial[2 * serial_len] = '\0';
    const ASN1_INTEGER *nonce = TS_TST_INFO_get_nonce(info);
    if (nonce == NULL) {
        return occ_success();
    }
    const struct occ_bytes magnitude = magnitude_of(nonce);
    if (magnitude.len > sizeof facts->nonce) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token's nonce has %zu bytes, expected at most %zu",
                             magnitude.len, sizeof facts->nonce);
    }
    facts->has_nonce = true;
    facts->nonce_len = magnitude.len;
    memcpy(facts->nonce, magnitude.ptr, magnitude.len);
    return occ_success();
}

struct occ_result
occ_timestamp_info_read(TS_TST_INFO *info, struct occ_error *err, struct occ_timestamp_facts *facts)
{
    if (TS_TST_INFO_get_version(info) != 1) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token's TSTInfo is not of version 1");
    }
    /* RFC 5280 §4.2: what is critical and not understood is refused. We understand none. */
    if (TS_TST_INFO_get_ext_by_critical(info, 1, -1) >= 0) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token has a critical extension that is not known here");
    }
    OCC_TRY(read_imprint(info, err, facts));
    OCC_TRY(read_gen_time(info, err, facts));
    OCC_TRY(read_accuracy(info, err, facts));
    OCC_TRY(read_numbers(info, err, facts));
    const int len = OBJ_obj2txt(facts->policy, sizeof facts->policy, TS_TST_INFO_get_policy_id(info), 1);
    if (len <= 0 || (size_t)len >= sizeof facts->policy) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token's policy is too long");
    }
    return occ_success();
}

/* Copies text, cut at a character's edge, to size bytes with a zero byte at the end. */
static void
copy_cut(const void *text, long len, char *to, size_t size)
{
    const size_t cut = len <= 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
    const size_t kept = occ_bytes_utf8_length(occ_bytes_of(text, cut));
    memcpy(to, text == NULL ? "" : text, kept);
    to[kept] = '\0';
}

/* The last common name of a subject; false if there is none. */
static bool
copy_common_name(const X509_NAME *subject, char *to, size_t size)
{
    int at = -1;
    for (int next = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); next >= 0;
         next = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) {
        at = next;
    }
    unsigned char *text = NULL;
    const X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(subject, at);
    const int len = entry == NULL ? -1 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (len > 0) {
        copy_cut(text, len, to, size);
    }
    OPENSSL_free(text);
    return len > 0;
}

struct occ_result
occ_timestamp_info_read_signer(const X509 *signer, struct occ_timestamp_facts *facts)
{
    unsigned len = 0;
    OCC_ENSURE(X509_digest(signer, EVP_sha256(), facts->signer_sha256, &len) == 1 && len == OCC_SHA256_LEN,
               OCC_ERR_NOMEM);
    __attribute__((cleanup(occ_timestamp_free_bio))) BIO *bio = BIO_new(BIO_s_mem());
    OCC_ENSURE(bio != NULL, OCC_ERR_NOMEM);
    const unsigned long as_utf8 = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    /* A name that cannot be written is left out: it is only shown, never compared. */
    const X509_NAME *subject = X509_get_subject_name(signer);
    if (X509_NAME_print_ex(bio, subject, 0, as_utf8) < 0) {
        return occ_success();
    }
    char *text = NULL;
    const long text_len = BIO_get_mem_data(bio, &text);
    copy_cut(text, text_len, facts->signer, sizeof facts->signer);
    if (!copy_common_name(subject, facts->signer_name, sizeof facts->signer_name)) {
        copy_cut(text, text_len, facts->signer_name, sizeof facts->signer_name);
    }
    return occ_success();
}
