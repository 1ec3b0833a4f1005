/* timestamps_subject.c — see timestamps_subject.h. */
#include "server/timestamps_subject.h"

#include <stdlib.h>

#include "base/limits.h"
#include "crypto/secret.h"

enum { BUCKETS = 8192, DIGEST_WORDS = OCC_SHA256_LEN / sizeof(uint64_t) };

enum state { NOT_ASKED, ASKED, GAVE, FAILED };

/* One authority's part in a subject. */
struct part {
    struct occ_timestamps_authority_ask ask; /* first */
    struct occ_timestamps_subject *subject;
    enum state state;
    struct occ_buf text; /* if it gave a token */
};

struct occ_timestamps_subject {
    struct occ_timestamps_subjects *subjects;
    struct occ_timestamps_subject *next, **link; /* in its bucket */
    struct occ_timestamps_waiter *waiters;
    uint8_t digest[OCC_SHA256_LEN];
    size_t asked, gave; /* parts in these states */
    size_t next_part;   /* the first that was not asked */
    bool is_ending;
    struct part parts[];
};

/* Invariant: a subject in a bucket has asked + gave >= quorum, gave < quorum, and so somebody whose answer will come. */
struct occ_timestamps_subjects {
    struct occ_timestamps_authority *const *authorities;
    size_t authority_count, quorum, count;
    uint64_t factors[DIGEST_WORDS]; /* random and odd */
    struct occ_timestamps_subject *buckets[BUCKETS];
};

/* Clients choose digests: which bucket one falls into must not be theirs to choose. */
static struct occ_timestamps_subject **
bucket_of(struct occ_timestamps_subjects *subjects, const uint8_t digest[OCC_SHA256_LEN])
{
    uint64_t hash = 0;
    for (size_t i = 0; i < DIGEST_WORDS; i++) {
        uint64_t word;
        memcpy(&word, digest + i * sizeof word, sizeof word);
        hash += word * subjects->factors[i];
    }
    return &subjects->buckets[(hash >> 32) % BUCKETS];
}

static void
unlink_subject(struct occ_timestamps_subject *subject)
{
    *subject->link = subject->next;
    if (subject->next != NULL) {
        subject->next->link = subject->link;
    }
    subject->subjects->count--;
}

static void
unlink_waiter(struct occ_timestamps_waiter *waiter)
{
    *waiter->link = waiter->next;
    if (waiter->next != NULL) {
        waiter->next->link = waiter->link;
    }
    waiter->subject = NULL;
}

/* It is out of its bucket: nobody finds it any more, whatever those that are told do. */
static void
end(struct occ_timestamps_subject *subject, struct occ_bytes text)
{
    unlink_subject(subject);
    subject->is_ending = true;
    struct occ_timestamps_subjects *subjects = subject->subjects;
    for (size_t i = 0; i < subjects->authority_count; i++) {
        if (subject->parts[i].state == ASKED) {
            occ_timestamps_authority_cancel(subjects->authorities[i], &subject->parts[i].ask);
        }
    }
    while (subject->waiters != NULL) {
        struct occ_timestamps_waiter *waiter = subject->waiters;
        unlink_waiter(waiter);
        waiter->done(waiter, text);
    }
    for (size_t i = 0; i < subjects->authority_count; i++) {
        occ_buf_clear(&subject->parts[i].text);
    }
    free(subject);
}

/* The next authority that takes the ask; false if there is none. */
static bool
ask_next(struct occ_timestamps_subject *subject)
{
    const struct occ_timestamps_subjects *subjects = subject->subjects;
    while (subject->next_part < subjects->authority_count) {
        const size_t i = subject->next_part++;
        struct part *part = &subject->parts[i];
        if (occ_timestamps_authority_take(subjects->authorities[i], &part->ask)) {
            part->state = ASKED;
            subject->asked++;
            return true;
        }
        part->state = FAILED;
    }
    return false;
}

/* False if the quorum cannot be reached. */
static bool
ask_enough(struct occ_timestamps_subject *subject)
{
    while (subject->asked + subject->gave < subject->subjects->quorum) {
        if (!ask_next(subject)) {
            return false;
        }
    }
    return true;
}

/* The token of the authority that stands first in the list. */
static struct occ_bytes
first_text(const struct occ_timestamps_subject *subject)
{
    for (size_t i = 0; i < subject->subjects->authority_count; i++) {
        if (subject->parts[i].state == GAVE) {
            return occ_buf_view(&subject->parts[i].text);
        }
    }
    return occ_bytes_of(NULL, 0);
}

static void
on_answer(struct occ_timestamps_authority_ask *ask, struct occ_bytes text)
{
    struct part *part = (struct part *)ask;
    struct occ_timestamps_subject *subject = part->subject;
    subject->asked--;
    occ_buf_put(&part->text, text);
    const bool gave = text.len > 0 && occ_is_ok(occ_buf_check(&part->text));
    part->state = gave ? GAVE : FAILED;
    subject->gave += gave ? 1 : 0;
    if (subject->gave >= subject->subjects->quorum) {
        end(subject, first_text(subject));
        return;
    }
    if (!ask_enough(subject)) {
        end(subject, occ_bytes_of(NULL, 0));
    }
}

static struct occ_timestamps_subject *
find(struct occ_timestamps_subjects *subjects, const uint8_t digest[OCC_SHA256_LEN])
{
    struct occ_timestamps_subject *subject = *bucket_of(subjects, digest);
    while (subject != NULL && memcmp(subject->digest, digest, OCC_SHA256_LEN) != 0) {
        subject = subject->next;
    }
    return subject;
}

/* In its bucket and asking; NULL if that cannot be. */
static struct occ_timestamps_subject *
make(struct occ_timestamps_subjects *subjects, const uint8_t digest[OCC_SHA256_LEN], bool is_late)
{
    if (subjects->count >= OCC_LIMIT_TSA_WAITING) {
        return NULL;
    }
    struct occ_timestamps_subject *subject =
        calloc(1, sizeof *subject + subjects->authority_count * sizeof subject->parts[0]);
    if (subject == NULL) {
        return NULL;
    }
    subject->subjects = subjects;
    memcpy(subject->digest, digest, OCC_SHA256_LEN);
    for (size_t i = 0; i < subjects->authority_count; i++) {
        struct part *part = &subject->parts[i];
        part->subject = subject;
        part->text = OCC_BUF_INIT(2 * OCC_LIMIT_TSA_ANSWER_LEN);
        part->ask = (struct occ_timestamps_authority_ask){ .is_late = is_late, .done = on_answer };
        memcpy(part->ask.digest, digest, OCC_SHA256_LEN);
    }
    struct occ_timestamps_subject **bucket = bucket_of(subjects, digest);
    subject->next = *bucket;
    subject->link = bucket;
    if (subject->next != NULL) {
        subject->next->link = &subject->next;
    }
    *bucket = subject;
    subjects->count++;
    if (!ask_enough(subject)) {
        end(subject, occ_bytes_of(NULL, 0));
        return NULL;
    }
    return subject;
}

bool
occ_timestamps_subject_join(struct occ_timestamps_subjects *subjects, const uint8_t digest[OCC_SHA256_LEN],
                            bool is_late, struct occ_timestamps_waiter *waiter)
{
    struct occ_timestamps_subject *subject = find(subjects, digest);
    if (subject == NULL) {
        subject = make(subjects, digest, is_late);
    }
    if (subject == NULL) {
        return false;
    }
    waiter->subject = subject;
    waiter->next = subject->waiters;
    waiter->link = &subject->waiters;
    if (waiter->next != NULL) {
        waiter->next->link = &waiter->next;
    }
    subject->waiters = waiter;
    return true;
}

/* Whether any authority works on it, so that its answer is worth waiting for. */
static bool
is_under_way(const struct occ_timestamps_subject *subject)
{
    for (size_t i = 0; i < subject->subjects->authority_count; i++) {
        if (subject->parts[i].state == ASKED && subject->parts[i].ask.request != NULL) {
            return true;
        }
    }
    return false;
}

void
occ_timestamps_subject_leave(struct occ_timestamps_waiter *waiter)
{
    struct occ_timestamps_subject *subject = waiter->subject;
    if (subject == NULL) {
        return;
    }
    unlink_waiter(waiter);
    if (subject->waiters == NULL && !subject->is_ending && !is_under_way(subject)) {
        end(subject, occ_bytes_of(NULL, 0));
    }
}

void
occ_timestamps_subject_hurry(struct occ_timestamps_waiter *waiter)
{
    if (waiter->subject != NULL) {
        (void)ask_next(waiter->subject);
    }
}

struct occ_result
occ_timestamps_subjects_new(struct occ_timestamps_authority *const *authorities, size_t count, size_t quorum,
                            struct occ_timestamps_subjects **ret_subjects)
{
    struct occ_timestamps_subjects *subjects = calloc(1, sizeof *subjects);
    OCC_ENSURE(subjects != NULL, OCC_ERR_NOMEM);
    subjects->authorities = authorities;
    subjects->authority_count = count;
    subjects->quorum = quorum;
    occ_secret_random(subjects->factors, sizeof subjects->factors);
    for (size_t i = 0; i < DIGEST_WORDS; i++) {
        subjects->factors[i] |= 1;
    }
    *ret_subjects = subjects;
    return occ_success();
}

void
occ_timestamps_subjects_free(struct occ_timestamps_subjects *subjects)
{
    for (size_t i = 0; subjects != NULL && i < BUCKETS; i++) {
        while (subjects->buckets[i] != NULL) {
            struct occ_timestamps_subject *subject = subjects->buckets[i];
            subjects->buckets[i] = subject->next;
            end(subject, occ_bytes_of(NULL, 0));
        }
    }
    free(subjects);
}

size_t
occ_timestamps_subjects_count(const struct occ_timestamps_subjects *subjects)
{
    return subjects->count;
}
