/*
 * Tests of src/crypto/certificate_cache.c, and of what certificate.c does with it: that what is known is not verified
 * again, and that nothing passes because something else was good before.
 */
#include "unit/crypto/paths.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#include <openssl/x509v3.h>

#include "crypto/certificate_cache.h"

enum { ROOT, ABOVE_LEAF = 3, LEAF, THREADS = 8 };

/* ---- how many signatures were checked ---- */

/*
 * This program's X509_verify_cert stands in front of OpenSSL's, for libcrypto is a shared library. A chain of n certificates
 * costs n - 1 signatures, the anchor's own not counted.
 */
static atomic_size_t signatures;

int
X509_verify_cert(X509_STORE_CTX *context)
{
    union {
        void *object;
        int (*function)(X509_STORE_CTX *);
    } original = { .object = dlsym(RTLD_NEXT, "X509_verify_cert") };
    const int result = original.function(context);
    const int count = sk_X509_num(X509_STORE_CTX_get0_chain(context));
    (void)atomic_fetch_add(&signatures, (size_t)(count > 0 ? count - 1 : 0));
    return result;
}

static size_t
signatures_since(size_t before)
{
    return atomic_load(&signatures) - before;
}

/* ---- paths under the same authorities ---- */

/* A plan with the authorities of path, to be given another leaf. */
static struct occ_sim_plan
plan_below(const struct occ_sim_path *path)
{
    struct occ_sim_plan plan = good_plan();
    for (size_t i = ROOT; i < LEAF; i++) {
        plan.certificates[i].der = occ_sim_path_certificates(path)[i];
    }
    plan.certificates[LEAF].subject = "i-0123-enc9999.region.test";
    plan.certificates[LEAF].seed = "another enclave";
    return plan;
}

static void
test_known_is_cheap(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path list = list_of(path, TIME_MS);
    size_t before = atomic_load(&signatures);
    assert_verifies(trust, &list);
    assert_int_equal(signatures_since(before), 4);
    before = atomic_load(&signatures);
    assert_verifies(trust, &list);
    assert_int_equal(signatures_since(before), 0);
    const struct occ_sim_plan second = plan_below(path);
    PATH_AUTO below = occ_sim_path_make(&second);
    const struct occ_path other = list_of(below, TIME_MS);
    assert_verifies(trust, &other);
    assert_int_equal(signatures_since(before), 1);
    assert_verifies(trust, &other);
    assert_int_equal(signatures_since(before), 1);
    occ_path_trust_forget_leaves(trust);
    assert_verifies(trust, &other);
    assert_int_equal(signatures_since(before), 2);
    assert_verifies(trust, &list);
    assert_int_equal(signatures_since(before), 3);
    assert_verifies(trust, &list);
    assert_int_equal(signatures_since(before), 3);
    /* Another trust knows nothing of it. */
    TRUST_AUTO fresh = trust_in(occ_sim_path_certificates(path)[0]);
    assert_verifies(fresh, &other);
    assert_int_equal(signatures_since(before), 7);
}

/* The times of each certificate in turn are the narrow ones: known or not, it is refused outside them, by name. */
static void
test_times_of_known(void **state)
{
    (void)state;
    const int64_t now = (int64_t)(TIME_MS / 1000);
    for (size_t index = ROOT; index <= LEAF; index++) {
        struct occ_sim_plan plan = good_plan();
        plan.certificates[LEAF].not_before = now - 3600;
        plan.certificates[index].not_before = now - 10;
        plan.certificates[index].not_after = now + 10;
        PATH_AUTO path = occ_sim_path_make(&plan);
        struct occ_sim_plan second = plan_below(path);
        second.certificates[LEAF].not_before = plan.certificates[LEAF].not_before;
        second.certificates[LEAF].not_after = plan.certificates[LEAF].not_after;
        PATH_AUTO below = occ_sim_path_make(&second);
        TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
        const struct occ_path list = list_of(path, TIME_MS);
        assert_verifies(trust, &list);
        char begin[64] = "certificate: ";
        if (index != LEAF) {
            (void)snprintf(begin, sizeof begin, "cabundle[%zu]: ", index);
        }
        const struct occ_sim_path *const both[] = { path, below };
        for (size_t i = 0; i < 2; i++) {
            const struct occ_path early = list_of(both[i], TIME_MS - 12000);
            const struct occ_path late = list_of(both[i], TIME_MS + 12000);
            const struct occ_path inside = list_of(both[i], TIME_MS + 8000);
            assert_refused(trust, &early, OCC_ERR_NITRO_TIME, begin);
            assert_refused(trust, &late, OCC_ERR_NITRO_TIME, begin);
            assert_verifies(trust, &inside);
            assert_refused(trust, &early, OCC_ERR_NITRO_TIME, begin);
            assert_refused(trust, &late, OCC_ERR_NITRO_TIME, begin);
        }
    }
}

/* ---- a bad leaf under authorities that are known ---- */

static void
expired(struct occ_sim_certificate *leaf)
{
    leaf->not_after = (int64_t)(TIME_MS / 1000) - 1;
}
static void
ca(struct occ_sim_certificate *leaf)
{
    leaf->ca = 1;
    leaf->key_usage = "critical,digitalSignature,keyCertSign";
}
static void
usage(struct occ_sim_certificate *leaf)
{
    leaf->key_usage = "nonRepudiation";
}
static void
critical(struct occ_sim_certificate *leaf)
{
    leaf->extension = "1.2.3.4";
    leaf->extension_value = "critical,DER:0500";
}
static void
p256(struct occ_sim_certificate *leaf)
{
    leaf->key = OCC_SIM_P256;
}
static void
sha256(struct occ_sim_certificate *leaf)
{
    leaf->digest = "SHA256";
}
static void
signature(struct occ_sim_certificate *leaf)
{
    leaf->wrong_signature = true;
}
static void
issuer(struct occ_sim_certificate *leaf)
{
    leaf->issuer = "somebody else";
}
static void
self_signed(struct occ_sim_certificate *leaf)
{
    leaf->self_signed = true;
}

static void
test_bad_leaf_below_known(void **state)
{
    (void)state;
    static const struct {
        void (*change)(struct occ_sim_certificate *);
        enum occ_err code;
    } changes[] = {
        { expired, OCC_ERR_NITRO_TIME },      { ca, OCC_ERR_NITRO_CONSTRAINTS },
        { usage, OCC_ERR_NITRO_CONSTRAINTS }, { critical, OCC_ERR_NITRO_CONSTRAINTS },
        { p256, OCC_ERR_NITRO_CERTIFICATE },  { sha256, OCC_ERR_NITRO_CERTIFICATE },
        { signature, OCC_ERR_NITRO_PATH },    { issuer, OCC_ERR_NITRO_PATH },
        { self_signed, OCC_ERR_NITRO_PATH },
    };
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path good = list_of(path, TIME_MS);
    assert_verifies(trust, &good);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct occ_sim_plan second = plan_below(path);
        changes[i].change(&second.certificates[LEAF]);
        PATH_AUTO below = occ_sim_path_make(&second);
        const struct occ_path list = list_of(below, TIME_MS);
        assert_refused(trust, &list, changes[i].code, "certificate: ");
        assert_refused(trust, &list, changes[i].code, "certificate: ");
    }
    /* The very leaf that is known, below fewer authorities, or below others. */
    const struct occ_path fewer = { good.authorities, 3, good.leaf, TIME_MS };
    assert_refused(trust, &fewer, OCC_ERR_NITRO_PATH, "c");
    struct occ_bytes authorities[4];
    memcpy(authorities, good.authorities, sizeof authorities);
    authorities[2] = good.authorities[1];
    authorities[1] = good.authorities[2];
    const struct occ_path swapped = { authorities, 4, good.leaf, TIME_MS };
    assert_refused(trust, &swapped, OCC_ERR_NITRO_PATH, "cabundle: not in order");
    assert_verifies(trust, &good);
}

/* A list is known as a whole: one authority more below a known list, where a path length above forbids it. */
static void
test_longer_than_known(void **state)
{
    (void)state;
    struct occ_sim_plan plan = good_plan();
    plan.certificates[ABOVE_LEAF].path_length = -1; /* so that only cabundle[2] with its 1 stands against a fifth */
    PATH_AUTO path = occ_sim_path_make(&plan);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path good = list_of(path, TIME_MS);
    for (size_t length = 2; length >= 1; length--) {
        struct occ_sim_plan longer = plan_below(path);
        longer.certificates[LEAF + 1] = longer.certificates[LEAF];
        longer.certificates[LEAF] = plan.certificates[ABOVE_LEAF];
        longer.certificates[LEAF].subject = "one more";
        longer.count = 6;
        if (length == 2) {
            longer.certificates[1].der.len = 0; /* this time with room for it: the plan itself is good */
            longer.certificates[1].path_length = 4;
            longer.certificates[2].der.len = 0;
            longer.certificates[2].path_length = 3;
        }
        PATH_AUTO made = occ_sim_path_make(&longer);
        const struct occ_path list = list_of(made, TIME_MS);
        if (length == 2) {
            assert_verifies(trust, &list);
            continue;
        }
        assert_verifies(trust, &good);
        assert_refused(trust, &list, OCC_ERR_NITRO_CONSTRAINTS, "cabundle[");
    }
}

/* Name constraints high above hold for each leaf: a path that has some is not shortened. */
static void
test_constraints_from_above(void **state)
{
    (void)state;
    struct occ_sim_plan plan = good_plan();
    plan.certificates[1].extension = "nameConstraints";
    plan.certificates[1].extension_value = "permitted;DNS:good.test";
    plan.certificates[LEAF].extension = "subjectAltName";
    plan.certificates[LEAF].extension_value = "DNS:a.good.test";
    PATH_AUTO path = occ_sim_path_make(&plan);
    struct occ_sim_plan second = plan_below(path);
    second.certificates[LEAF].extension = "subjectAltName";
    second.certificates[LEAF].extension_value = "DNS:a.bad.test";
    PATH_AUTO below = occ_sim_path_make(&second);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path good = list_of(path, TIME_MS);
    const struct occ_path bad = list_of(below, TIME_MS);
    assert_verifies(trust, &good);
    assert_refused(trust, &bad, OCC_ERR_NITRO_CONSTRAINTS, "certificate: ");
    const size_t before = atomic_load(&signatures);
    assert_verifies(trust, &good);
    assert_int_equal(signatures_since(before), 0); /* the same path again may be remembered all the same */
}

/* ---- the cache itself ---- */

static X509 *
read_certificate(struct occ_bytes der)
{
    X509 *certificate = NULL;
    assert_true(occ_is_ok(occ_certificate_form_read(der, "certificate", NULL, &certificate)));
    return certificate;
}

static bool
knows(struct occ_certificate_cache *cache, uint8_t name, int64_t at)
{
    uint8_t full[OCC_SHA256_LEN] = { name };
    struct occ_certificate_known known = { NULL, { 0, 0 } };
    const bool found = occ_certificate_cache_get(cache, full, at, &known);
    assert_true(found == (known.certificate != NULL));
    X509_free(known.certificate);
    return found;
}

static void
keep(struct occ_certificate_cache *cache, uint8_t name, X509 *certificate)
{
    uint8_t full[OCC_SHA256_LEN] = { name };
    const struct occ_certificate_known known = { certificate, { 10, 20 } };
    occ_certificate_cache_put(cache, full, &known);
}

static void
test_bounded(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    X509 *certificate = read_certificate(occ_sim_path_certificates(path)[LEAF]);
    struct occ_certificate_cache *cache = NULL;
    assert_true(occ_is_ok(occ_certificate_cache_new(3, &cache)));
    assert_false(knows(cache, 0, 15));
    for (uint8_t name = 0; name < 10; name++) {
        keep(cache, name, certificate);
        keep(cache, name, certificate); /* takes no second place */
        for (uint8_t other = 0; other < 10; other++) {
            assert_true(knows(cache, other, 15) == (other <= name && other + 3 > name));
        }
    }
    assert_true(knows(cache, 9, 10) && knows(cache, 9, 20));
    assert_false(knows(cache, 9, 9) || knows(cache, 9, 21) || knows(cache, 9, INT64_MAX) || knows(cache, 9, INT64_MIN));
    occ_certificate_cache_free(cache);
    occ_certificate_cache_free(NULL);
    X509_free(certificate);
}

/* More paths than there is room for: each verifies, and the oldest is verified anew. */
static void
test_many_paths(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path first = list_of(path, TIME_MS);
    assert_verifies(trust, &first);
    struct occ_sim_plan below = plan_below(path);
    for (size_t i = 0; i < OCC_LIMIT_PATH_CACHE; i++) {
        below.certificates[LEAF].serial++;
        PATH_AUTO made = occ_sim_path_make(&below);
        const struct occ_path list = list_of(made, TIME_MS);
        assert_verifies(trust, &list);
    }
    const size_t before = atomic_load(&signatures);
    assert_verifies(trust, &first);
    assert_int_equal(signatures_since(before), 1); /* many leaves did not drive out their authorities */
}

/* ---- threads ---- */

enum { PATHS = 6, ROUNDS = 60 };

struct shared {
    struct occ_path_trust *trust;
    struct occ_path good[PATHS], bad;
    struct occ_certificate_cache *small;
    X509 *certificate;
    atomic_size_t wrong;
};

static bool
verdict_is(struct shared *shared, const struct occ_path *path, enum occ_err code)
{
    struct occ_path_leaf leaf = { 0, 0, NULL };
    const bool as_expected = occ_path_verify(shared->trust, path, NULL, &leaf).code == code;
    occ_ecdsa_key_free(leaf.key);
    return as_expected;
}

static void *
work(void *argument)
{
    struct shared *shared = argument;
    for (size_t round = 0; round < ROUNDS; round++) {
        bool ok = verdict_is(shared, &shared->good[round * 7 % PATHS], OCC_OK);
        struct occ_path late = shared->good[round % PATHS];
        late.time_ms += 10 * 3600 * 1000;
        if (round % 8 == 0) {
            ok = ok && verdict_is(shared, &late, OCC_ERR_NITRO_TIME);
            ok = ok && verdict_is(shared, &shared->bad, OCC_ERR_NITRO_PATH);
        }
        /* A small cache, in which every entry is soon replaced. */
        keep(shared->small, (uint8_t)(round % 5), shared->certificate);
        (void)knows(shared->small, (uint8_t)(round % 3), 15);
        (void)atomic_fetch_add(&shared->wrong, ok ? 0 : 1);
    }
    return NULL;
}

static void
test_threads(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    struct occ_sim_path *paths[PATHS + 1];
    paths[0] = occ_sim_path_make(&plan);
    struct occ_sim_plan below = plan_below(paths[0]);
    for (size_t i = 1; i < PATHS; i++) {
        below.certificates[ABOVE_LEAF].der.len = i % 2 == 0 ? 0 : occ_sim_path_certificates(paths[0])[ABOVE_LEAF].len;
        below.certificates[ABOVE_LEAF].serial++;
        below.certificates[LEAF].serial++;
        paths[i] = occ_sim_path_make(&below);
    }
    below.certificates[LEAF].wrong_signature = true;
    paths[PATHS] = occ_sim_path_make(&below);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(paths[0])[0]);
    struct shared shared = { .trust = trust, .bad = list_of(paths[PATHS], TIME_MS) };
    for (size_t i = 0; i < PATHS; i++) {
        shared.good[i] = list_of(paths[i], TIME_MS);
    }
    shared.certificate = read_certificate(occ_sim_path_certificates(paths[0])[LEAF]);
    assert_true(occ_is_ok(occ_certificate_cache_new(2, &shared.small)));
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, &shared), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&shared.wrong), 0);
    occ_certificate_cache_free(shared.small);
    X509_free(shared.certificate);
    for (size_t i = 0; i <= PATHS; i++) {
        occ_sim_path_free(paths[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_is_cheap),
        cmocka_unit_test(test_times_of_known),
        cmocka_unit_test(test_bad_leaf_below_known),
        cmocka_unit_test(test_longer_than_known),
        cmocka_unit_test(test_constraints_from_above),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_many_paths),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("crypto.certificate_cache", tests, NULL, NULL);
}
