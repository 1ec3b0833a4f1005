#include "record.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../mix.h"

enum { DIGEST = 32 };

/* Address space, not memory: pages are there when they are written. */
static const size_t NUMBERS_MAX = (size_t)1 << 27;

struct entry {
    uint64_t counter; /* 0: sent, and no answer came */
    uint64_t sum;     /* of the proof's text */
};

struct record {
    struct entry *entries;
    uint8_t *in_ledger; /* a bit for each number, while an export is read */
    uint8_t *counters;  /* a bit for each counter that a slot or a proof of the export has */
    uint64_t next, seed, slots, counter_max;
};

static void *
reserve(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("crowd: mmap");
        exit(3);
    }
    return memory;
}

struct record *
record_new(uint64_t seed)
{
    struct record *record = calloc(1, sizeof *record);
    if (record == NULL || sodium_init() < 0) {
        exit(3);
    }
    record->entries = reserve(NUMBERS_MAX * sizeof *record->entries);
    record->in_ledger = reserve(NUMBERS_MAX / 8);
    record->counters = reserve(NUMBERS_MAX / 8);
    record->seed = seed;
    return record;
}

void
record_free(struct record *record)
{
    munmap(record->entries, NUMBERS_MAX * sizeof *record->entries);
    munmap(record->in_ledger, NUMBERS_MAX / 8);
    munmap(record->counters, NUMBERS_MAX / 8);
    free(record);
}

uint64_t
record_take(struct record *record, size_t count)
{
    if (record->next + count >= NUMBERS_MAX) {
        fprintf(stderr, "crowd: more than %zu digests\n", NUMBERS_MAX);
        exit(3);
    }
    const uint64_t first = record->next;
    record->next += count;
    return first;
}

uint64_t
record_sent(const struct record *record)
{
    return record->next;
}

/* The number itself, so that it can be read back, behind what makes the digests random. */
static void
make_digest(const struct record *record, uint64_t number, uint8_t digest[DIGEST])
{
    uint64_t words[4] = { mix(record->seed ^ number), mix(record->seed + number), record->seed, number };
    words[3] ^= words[0];
    memcpy(digest, words, DIGEST);
}

void
record_digest_b64(const struct record *record, uint64_t number, char ret_text[DIGEST_B64 + 1])
{
    uint8_t digest[DIGEST];
    make_digest(record, number, digest);
    sodium_bin2base64(ret_text, DIGEST_B64 + 1, digest, DIGEST, sodium_base64_VARIANT_ORIGINAL);
}

void
record_digest_hex(const struct record *record, uint64_t number, char ret_text[65])
{
    uint8_t digest[DIGEST];
    make_digest(record, number, digest);
    sodium_bin2hex(ret_text, 65, digest, DIGEST);
}

/* FNV-1a over words of 8 bytes: a changed text shows; nobody here wants to deceive. */
static uint64_t
sum_of(const char *text, size_t len)
{
    uint64_t sum = 0xcbf29ce484222325u ^ len;
    for (; len >= 8; text += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        sum = (sum ^ word) * 0x100000001b3u;
        sum ^= sum >> 29;
    }
    for (; len > 0; text++, len--) {
        sum = (sum ^ (uint8_t)*text) * 0x100000001b3u;
    }
    return sum;
}

/* The length of the JSON object at the text's begin; 0 if it does not end there. */
static size_t
object_len(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        const char c = text[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

const char *
record_first_proof(const char *body, size_t len, size_t *ret_len)
{
    *ret_len = len > 1 && body[0] == '[' && body[1] == '{' ? object_len(body + 1, len - 1) : 0;
    return body + 1;
}

/* What stands behind a name, or NULL. */
static const char *
after(const char *text, size_t len, const char *name)
{
    const char *at = memmem(text, len, name, strlen(name));
    return at == NULL ? NULL : at + strlen(name);
}

/* A counter in decimal; 0 if there is none. */
static uint64_t
counter_of(const char *text, size_t len)
{
    const char *at = after(text, len, "\"counter\":\"");
    uint64_t counter = 0;
    for (; at != NULL && at < text + len && *at >= '0' && *at <= '9' && counter < NUMBERS_MAX; at++) {
        counter = counter * 10 + (uint64_t)(*at - '0');
    }
    return counter;
}

static bool
is_about(const struct record *record, uint64_t number, const char *proof, size_t len)
{
    char wanted[DIGEST_B64 + 1];
    record_digest_b64(record, number, wanted);
    const char *digest = after(proof, len, "\"artifact\":{\"digestB64\":\"");
    return digest != NULL && (size_t)(proof + len - digest) > DIGEST_B64 && memcmp(digest, wanted, DIGEST_B64) == 0;
}

const char *
record_answer(struct record *record, uint64_t first, size_t count, const char *body, size_t len)
{
    if (len < 2 || body[0] != '[') {
        return "the answer to a commit is no array";
    }
    size_t at = 1;
    for (size_t i = 0; i < count; i++) {
        const size_t proof_len = object_len(body + at, len - at);
        if (proof_len == 0) {
            return "fewer proofs than digests";
        }
        const uint64_t counter = counter_of(body + at, proof_len);
        if (counter == 0 || !is_about(record, first + i, body + at, proof_len)) {
            return "a proof about another digest, or without a counter";
        }
        record->entries[first + i] = (struct entry){ counter, sum_of(body + at, proof_len) };
        at += proof_len;
        if (at >= len || body[at] != (i + 1 == count ? ']' : ',')) {
            return "more proofs than digests, or something between them";
        }
        at++;
    }
    return NULL;
}

/* A bit is set; was it set before? */
static bool
set_bit(uint8_t *bits, uint64_t at)
{
    const uint8_t bit = (uint8_t)(1u << (at % 8));
    const bool before = (bits[at / 8] & bit) != 0;
    bits[at / 8] |= bit;
    return before;
}

static bool
has_bit(const uint8_t *bits, uint64_t at)
{
    return (bits[at / 8] >> (at % 8) & 1) != 0;
}

static bool
take_counter(struct record *record, uint64_t counter)
{
    record->counter_max = counter > record->counter_max ? counter : record->counter_max;
    return !set_bit(record->counters, counter);
}

const char *
record_slot(struct record *record, const char *body, size_t len)
{
    const uint64_t counter = counter_of(body, len);
    if (counter == 0 || counter >= NUMBERS_MAX) {
        return "a slot without a counter";
    }
    record->slots++;
    return take_counter(record, counter) ? NULL : "two slots have one counter";
}

const char *
record_found(const struct record *record, uint64_t number, const char *body, size_t len)
{
    size_t proof_len;
    const char *proof = record_first_proof(body, len, &proof_len);
    if (proof_len == 0 || proof_len + 2 != len || !is_about(record, number, proof, proof_len)) {
        return "a look-up found something else than the one proof";
    }
    return sum_of(proof, proof_len) == record->entries[number].sum
               ? NULL
               : "a look-up gives another proof than the commit did";
}

uint64_t
record_answered_near(const struct record *record, uint64_t number)
{
    for (uint64_t i = number; i < record->next && i < number + 1000; i++) {
        if (record->entries[i].counter != 0) {
            return i;
        }
    }
    return UINT64_MAX;
}

struct check {
    uint64_t lines, others, not_the_same, twice, counter_twice, not_sent;
};

static void
check_line(struct record *record, struct check *check, const char *line, size_t len)
{
    const uint64_t counter = counter_of(line, len);
    check->lines++;
    if (counter == 0 || counter >= NUMBERS_MAX || !take_counter(record, counter)) {
        check->counter_twice++;
        return;
    }
    const char *digest = after(line, len, "\"artifact\":{\"digestB64\":\"");
    uint64_t words[4] = { 0 };
    size_t digest_len = 0;
    if (digest == NULL || sodium_base642bin((uint8_t *)words, sizeof words, digest, DIGEST_B64, NULL, &digest_len, NULL,
                                            sodium_base64_VARIANT_ORIGINAL) != 0) {
        check->not_sent++;
        return;
    }
    const uint64_t number = words[3] ^ words[0];
    if (words[2] != record->seed || number >= record->next) {
        check->others++; /* before the crowd came */
        return;
    }
    if (!is_about(record, number, line, len)) {
        check->not_sent++;
        return;
    }
    const struct entry *entry = &record->entries[number];
    check->twice += set_bit(record->in_ledger, number);
    check->not_the_same += entry->counter != 0 && (entry->counter != counter || entry->sum != sum_of(line, len));
}

void
record_check(struct record *record, FILE *from, FILE *to)
{
    struct check check = { 0 };
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, from)) > 0) {
        check_line(record, &check, line, (size_t)len - (line[len - 1] == '\n'));
    }
    free(line);
    uint64_t answered = 0, lost = 0, unanswered = 0, gaps = 0;
    for (uint64_t i = 0; i < record->next; i++) {
        const bool is_answered = record->entries[i].counter != 0, is_there = has_bit(record->in_ledger, i);
        answered += is_answered;
        lost += is_answered && !is_there;
        unanswered += !is_answered && is_there;
    }
    for (uint64_t i = 1; i <= record->counter_max; i++) {
        gaps += !has_bit(record->counters, i);
    }
    fprintf(to,
            "{\"ledger_proofs\":%llu,\"answered\":%llu,\"in_ledger_without_answer\":%llu,\"before_the_crowd\":%llu,"
            "\"slots\":%llu,"
            "\"lost\":%llu,\"twice\":%llu,\"not_the_same\":%llu,\"never_sent\":%llu,\"counter_twice\":%llu,\"gaps\":%"
            "llu}\n",
            (unsigned long long)check.lines, (unsigned long long)answered, (unsigned long long)unanswered,
            (unsigned long long)check.others, (unsigned long long)record->slots, (unsigned long long)lost,
            (unsigned long long)check.twice, (unsigned long long)check.not_the_same, (unsigned long long)check.not_sent,
            (unsigned long long)check.counter_twice, (unsigned long long)gaps);
}
