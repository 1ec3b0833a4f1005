/* Tests of src/cli/import.c: what goes into a new ledger comes out of it again, and what it could not give back is refused. */
#include "cli/import.h"

#include "unit/audit/ledger.h"
#include "unit/os/folder.h"

static struct folder folder;
static struct occ_ledger *ledger;
static struct occ_import *import;

static int
set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    const struct occ_ledger_options options = { .folder = folder.path, .create = true };
    return occ_is_ok(occ_ledger_open(&options, NULL, &ledger)) && occ_is_ok(occ_import_new(ledger, &import)) ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    occ_import_free(import);
    occ_ledger_close(ledger);
    folder_remove(&folder);
    return 0;
}

/* PLAIN_PROOF of support.h, changed by replacing what stands in pairs. */
static void
put(const char *const *pairs, enum occ_err code, const char *sentence)
{
    char *text = strdup(PLAIN_PROOF);
    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        char *changed = replace(text, pairs[i], pairs[i + 1]);
        free(text);
        text = changed;
    }
    struct occ_error err = { 0 };
    const struct occ_result result = occ_import_put(import, occ_bytes_str(text), &err);
    free(text);
    assert_string_equal(sentence, err.text);
    assert_int_equal(result.code, code);
}

static struct occ_result
take(void *ctx, const struct occ_ledger_found *found)
{
    struct occ_buf *text = ctx;
    occ_ledger_put_joined(text, found);
    occ_buf_put_format(text, " %llu\n", (unsigned long long)found->position);
    return occ_buf_check(text);
}

static void
read_back(struct occ_buf *text)
{
    struct occ_ledger_reader *reader = NULL;
    uint64_t cursor = 0;
    assert_true(occ_is_ok(occ_import_finish(import, NULL)));
    assert_true(occ_is_ok(occ_ledger_reader_new(ledger, NULL, NULL, &reader)));
    assert_true(occ_is_ok(occ_ledger_walk(reader, &cursor, 100000, take, text, NULL)));
    occ_ledger_reader_free(reader);
    occ_buf_put_byte(text, 0);
}

/* More than one transaction takes. */
static void
test_many(void **state)
{
    (void)state;
    OCC_BUF_AUTO(lines, 16 << 20);
    OCC_BUF_AUTO(expected, 16 << 20);
    OCC_BUF_AUTO(found, 16 << 20);
    put_ledger(&lines, 5000);
    const uint8_t *at = lines.ptr;
    for (unsigned i = 1; i <= 5000; i++) {
        const uint8_t *end = memchr(at, '\n', lines.len - (size_t)(at - lines.ptr));
        const struct occ_bytes text = occ_bytes_of(at, (size_t)(end - at));
        assert_true(occ_is_ok(occ_import_put(import, text, NULL)));
        occ_buf_put(&expected, text);
        occ_buf_put_format(&expected, " %u\n", i);
        at = end + 1;
    }
    occ_buf_put_byte(&expected, 0);
    read_back(&found);
    assert_string_equal((const char *)found.ptr, (const char *)expected.ptr);
}

#define COUNTER(n) "\"counter\":\"7\"", "\"counter\":\"" n "\""
#define CHAIN(id) "\"commit\":{", "\"commit\":{\"chainId\":\"" id "\","
#define EPOCH(id) "\"epochId\":\"" EPOCH_B64 "\"", "\"epochId\":\"" id "\""
#define TIMESTAMPS(members) ",\"version\"", ",\"timestamps\":{" members "},\"version\""
#define PUT(...) put((const char *const[]){ __VA_ARGS__, NULL }, OCC_OK, "")
#define REFUSE(sentence, ...) put((const char *const[]){ __VA_ARGS__, NULL }, OCC_ERR_PROOF_STRUCTURE, sentence)

/* Positions are those of each epoch; chains take turns; tokens come back in their place. */
static void
test_epochs_chains_tokens(void **state)
{
    (void)state;
    PUT(EPOCH("a"), COUNTER("1"));
    PUT(EPOCH("a"), COUNTER("1"), CHAIN("x"));
    PUT(EPOCH("b"), COUNTER("5"));
    PUT(EPOCH("a"), COUNTER("2"), TIMESTAMPS(TOKEN("artifact")));
    PUT(EPOCH("a"), COUNTER("9"), CHAIN("x"), TIMESTAMPS(TOKEN("artifact") "," TOKEN("proof")));
    PUT(EPOCH("b"), COUNTER("6"), TIMESTAMPS(TOKEN("proof")));
    OCC_BUF_AUTO(found, 1 << 20);
    read_back(&found);
    static const char *const lines[] = { "\"epochId\":\"a\"",
                                         "\"chainId\":\"x\"",
                                         "\"epochId\":\"b\"",
                                         "\"timestamps\":{\"artifact\":{",
                                         "\"timestamps\":{\"artifact\":{",
                                         "\"timestamps\":{\"proof\":{" };
    static const char positions[] = "121342";
    char *line = (char *)found.ptr;
    for (size_t i = 0; i < 6; i++) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = 0;
        assert_non_null(strstr(line, lines[i]));
        assert_int_equal(end[-1], positions[i]);
        line = end + 1;
    }
    assert_string_equal(line, "");
}

static void
test_refusals(void **state)
{
    (void)state;
    PUT(EPOCH("a"), COUNTER("3"));
    REFUSE("counter 3 after counter 3 of its chain, expected rising counters", EPOCH("a"), COUNTER("3"));
    REFUSE("counter 2 after counter 3 of its chain, expected rising counters", EPOCH("a"), COUNTER("2"));
    REFUSE("another key, enforcement or measurement than the proofs of its epoch before it", EPOCH("a"), COUNTER("4"),
           "stub:test", "stub:tess");
    REFUSE("another key, enforcement or measurement than the proofs of its epoch before it", EPOCH("a"), COUNTER("4"),
           "\"enforcement\":\"stub\"", "\"enforcement\":\"hw-key\"");
    REFUSE("commit.epochId: 0 bytes, expected 1 to 128", "\"epochId\":\"" EPOCH_B64 "\",", "");
    REFUSE("commit.counter: expected one from 1 to 9223372036854775807", "\"counter\":\"7\",", "");
    REFUSE("commit.counter: expected one from 1 to 9223372036854775807", COUNTER("0"));
    REFUSE("commit.counter: expected one from 1 to 9223372036854775807", COUNTER("9223372036854775808"));
    REFUSE("timestamps: a ledger could not give them back as they are here", EPOCH("a"), COUNTER("4"),
           TIMESTAMPS(TOKEN("artifact") ",\"other\":1"));
    /* A member that sorts behind "timestamps" would stand before them. */
    REFUSE("timestamps: a ledger could not give them back as they are here", EPOCH("a"), COUNTER("4"),
           TIMESTAMPS(TOKEN("artifact")), "\"version\"", "\"unknown\":1,\"version\"");
    PUT(EPOCH("a"), COUNTER("4"), ",\"version\"", ",\"unknown\":1,\"version\"");
    PUT(EPOCH("c"), COUNTER("9223372036854775807"));
    OCC_BUF_AUTO(found, 1 << 20);
    read_back(&found);
    size_t count = 0;
    for (const char *at = (const char *)found.ptr; (at = strchr(at, '\n')) != NULL; at++) {
        count++;
    }
    assert_int_equal(count, 3);
}

/* Refused proofs use up no room, however many. */
static void
test_many_refused(void **state)
{
    (void)state;
    char *filler = calloc(1, 100001);
    assert_non_null(filler);
    memset(filler, 'x', 100000);
    char *metadata = replace("\"source\":\"@\"", "@", filler);
    for (int i = 0; i < 600; i++) {
        REFUSE("timestamps: a ledger could not give them back as they are here", "\"source\":\"test\"", metadata,
               TIMESTAMPS(TOKEN("artifact") ",\"other\":1"));
    }
    PUT(COUNTER("1"));
    free(filler);
    free(metadata);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_epochs_chains_tokens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
