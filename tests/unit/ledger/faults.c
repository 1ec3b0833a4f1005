/*
 * tests/unit/ledger/faults.c — a disk that fails, and then loses power, at every call of a small scenario.
 *
 * A VFS of SQLite stands in front of the usual one and keeps, for ledger.db and its WAL, what a disk would have: a page gets there
 * when the file is synced. A sync that fails loses the pages that it should have written, and later ones do not bring them back
 * (that is how Linux does it), although everybody can still read them. At the end the power fails: the files become what the disk
 * has. Whatever was reported as written must be there then, byte for byte, and nothing half.
 */
#include <pthread.h>
#include <sqlite3.h>

#include "unit/ledger/support.h"

enum { PAGE = 4096, PAGES_MAX = 256, FILES = 2 };

/* What a disk has of a file, and what it does not have yet. */
struct disk {
    const char *suffix;
    uint8_t *bytes;
    sqlite3_int64 len;
    bool is_dirty[PAGES_MAX];
};

enum kind { FAIL_WRITE, FAIL_FULL, FAIL_TORN, FAIL_SYNC, FAIL_READ, FAIL_TRUNCATE, FAIL_SHM, KINDS };

static struct {
    sqlite3_vfs vfs, *usual;
    struct disk disks[FILES];
    pthread_t thread; /* whose calls fail */
    enum kind kind;
    int countdown; /* calls of that kind until one fails */
    bool for_ever; /* all that follow fail too */
    bool has_failed;
    bool is_dead; /* power is gone: nothing reaches the files any more */
} shim = { .disks = { { .suffix = "/ledger.db" }, { .suffix = "/ledger.db-wal" } } };

struct shim_file {
    sqlite3_file base;
    struct disk *disk; /* NULL = not one of ours */
    sqlite3_file *real;
};

static struct shim_file *
shim_of(sqlite3_file *file)
{
    return (struct shim_file *)(void *)file;
}

static bool
fails(const struct shim_file *file, enum kind kind)
{
    if (file->disk == NULL || !pthread_equal(pthread_self(), shim.thread) || kind != shim.kind || shim.countdown < 0) {
        return false;
    }
    if (shim.countdown > 0) {
        shim.countdown--;
        return false;
    }
    shim.has_failed = true;
    shim.countdown = shim.for_ever ? 0 : -1;
    return true;
}

/* ---- the disk ---- */

static void
mark(struct disk *disk, sqlite3_int64 offset, sqlite3_int64 len)
{
    for (sqlite3_int64 page = offset / PAGE; page * PAGE < offset + len; page++) {
        assert_true(page < PAGES_MAX);
        disk->is_dirty[page] = true;
    }
}

static void
sync_page(struct shim_file *file, size_t page, sqlite3_int64 size)
{
    struct disk *const disk = file->disk;
    const sqlite3_int64 begin = (sqlite3_int64)page * PAGE;
    const int len = size - begin < PAGE ? (int)(size - begin) : PAGE;
    if (len > 0) {
        assert_int_equal(file->real->pMethods->xRead(file->real, disk->bytes + begin, len, begin), SQLITE_OK);
    }
}

static void
sync_disk(struct shim_file *file)
{
    sqlite3_int64 size = 0;
    assert_int_equal(file->real->pMethods->xFileSize(file->real, &size), SQLITE_OK);
    for (size_t page = 0; page < PAGES_MAX; page++) {
        if (file->disk->is_dirty[page]) {
            sync_page(file, page, size);
        }
    }
    memset(file->disk->is_dirty, 0, sizeof file->disk->is_dirty);
    if (size > file->disk->len) { /* what was between is zero or was written */
        file->disk->len = size;
    }
    file->disk->len = size;
}

/* ---- methods ---- */

static int
shim_close(sqlite3_file *file)
{
    struct shim_file *const it = shim_of(file);
    return it->real->pMethods->xClose(it->real);
}

static int
shim_read(sqlite3_file *file, void *to, int len, sqlite3_int64 offset)
{
    struct shim_file *const it = shim_of(file);
    return fails(it, FAIL_READ) ? SQLITE_IOERR_READ : it->real->pMethods->xRead(it->real, to, len, offset);
}

static int
shim_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 offset)
{
    struct shim_file *const it = shim_of(file);
    if (it->disk != NULL && shim.is_dead) {
        return SQLITE_IOERR_WRITE;
    }
    if (it->disk != NULL) {
        mark(it->disk, offset, len);
    }
    if (fails(it, FAIL_WRITE)) {
        return SQLITE_IOERR_WRITE;
    }
    if (fails(it, FAIL_FULL)) {
        return SQLITE_FULL;
    }
    if (fails(it, FAIL_TORN)) {
        (void)it->real->pMethods->xWrite(it->real, from, len / 2, offset);
        return SQLITE_IOERR_WRITE;
    }
    return it->real->pMethods->xWrite(it->real, from, len, offset);
}

static int
shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct shim_file *const it = shim_of(file);
    if (it->disk != NULL && shim.is_dead) {
        return SQLITE_IOERR_TRUNCATE;
    }
    return fails(it, FAIL_TRUNCATE) ? SQLITE_IOERR_TRUNCATE : it->real->pMethods->xTruncate(it->real, size);
}

static int
shim_sync(sqlite3_file *file, int flags)
{
    struct shim_file *const it = shim_of(file);
    (void)flags;
    if (it->disk == NULL) {
        return SQLITE_OK; /* nothing here needs a real disk */
    }
    if (shim.is_dead) {
        return SQLITE_IOERR_FSYNC;
    }
    if (fails(it, FAIL_SYNC)) {
        memset(it->disk->is_dirty, 0, sizeof it->disk->is_dirty);
        return SQLITE_IOERR_FSYNC;
    }
    sync_disk(it);
    return SQLITE_OK;
}

static int
shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return shim_of(file)->real->pMethods->xFileSize(shim_of(file)->real, size);
}
static int
shim_lock(sqlite3_file *file, int level)
{
    return shim_of(file)->real->pMethods->xLock(shim_of(file)->real, level);
}
static int
shim_unlock(sqlite3_file *file, int level)
{
    return shim_of(file)->real->pMethods->xUnlock(shim_of(file)->real, level);
}
static int
shim_check_lock(sqlite3_file *file, int *ret)
{
    return shim_of(file)->real->pMethods->xCheckReservedLock(shim_of(file)->real, ret);
}
static int
shim_control(sqlite3_file *file, int op, void *arg)
{
    /* It would let SQLite write past us. */
    return op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE
               ? SQLITE_NOTFOUND
               : shim_of(file)->real->pMethods->xFileControl(shim_of(file)->real, op, arg);
}
static int
shim_sector(sqlite3_file *file)
{
    return shim_of(file)->real->pMethods->xSectorSize(shim_of(file)->real);
}
static int
shim_traits(sqlite3_file *file)
{
    return shim_of(file)->real->pMethods->xDeviceCharacteristics(shim_of(file)->real);
}
static int
shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
    struct shim_file *const it = shim_of(file);
    return fails(it, FAIL_SHM) ? SQLITE_IOERR_SHMMAP : it->real->pMethods->xShmMap(it->real, page, size, extend, ret);
}
static int
shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return shim_of(file)->real->pMethods->xShmLock(shim_of(file)->real, offset, n, flags);
}
static void
shim_shm_barrier(sqlite3_file *file)
{
    shim_of(file)->real->pMethods->xShmBarrier(shim_of(file)->real);
}
static int
shim_shm_unmap(sqlite3_file *file, int is_delete)
{
    return shim_of(file)->real->pMethods->xShmUnmap(shim_of(file)->real, is_delete);
}

static const sqlite3_io_methods methods = { .iVersion = 2,
                                            .xClose = shim_close,
                                            .xRead = shim_read,
                                            .xWrite = shim_write,
                                            .xTruncate = shim_truncate,
                                            .xSync = shim_sync,
                                            .xFileSize = shim_size,
                                            .xLock = shim_lock,
                                            .xUnlock = shim_unlock,
                                            .xCheckReservedLock = shim_check_lock,
                                            .xFileControl = shim_control,
                                            .xSectorSize = shim_sector,
                                            .xDeviceCharacteristics = shim_traits,
                                            .xShmMap = shim_shm_map,
                                            .xShmLock = shim_shm_lock,
                                            .xShmBarrier = shim_shm_barrier,
                                            .xShmUnmap = shim_shm_unmap };

static struct disk *
disk_of(const char *name)
{
    for (size_t i = 0; i < FILES && name != NULL; i++) {
        const size_t len = strlen(shim.disks[i].suffix), all = strlen(name);
        if (all > len && strcmp(name + all - len, shim.disks[i].suffix) == 0) {
            return &shim.disks[i];
        }
    }
    return NULL;
}

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)vfs;
    struct shim_file *const it = shim_of(file);
    it->real = (sqlite3_file *)(void *)(it + 1);
    it->disk = disk_of(name);
    const int answer = shim.usual->xOpen(shim.usual, name, it->real, flags, ret_flags);
    it->base.pMethods = answer == SQLITE_OK ? &methods : NULL;
    return answer;
}

static int
shim_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    struct disk *const disk = disk_of(name);
    if (disk != NULL && shim.is_dead) {
        return SQLITE_IOERR_DELETE;
    }
    if (disk != NULL) {
        disk->len = 0;
        memset(disk->is_dirty, 0, sizeof disk->is_dirty);
    }
    (void)sync;
    return shim.usual->xDelete(shim.usual, name, 0);
}

static void
make_shim(void)
{
    shim.usual = sqlite3_vfs_find(NULL);
    shim.vfs = *shim.usual;
    shim.vfs.zName = "faults";
    shim.vfs.pNext = NULL;
    shim.vfs.szOsFile = (int)sizeof(struct shim_file) + shim.usual->szOsFile;
    shim.vfs.xOpen = shim_open;
    shim.vfs.xDelete = shim_delete;
    assert_int_equal(sqlite3_vfs_register(&shim.vfs, 0), SQLITE_OK);
    shim.thread = pthread_self();
    for (size_t i = 0; i < FILES; i++) {
        shim.disks[i].bytes = calloc(PAGES_MAX, PAGE);
        assert_non_null(shim.disks[i].bytes);
    }
}

/* The files become what the disk has. seed 0 = nothing that was not synced, else some pages of it. */
static void
lose_power(const char *folder, unsigned seed)
{
    char path[512];
    for (size_t i = 0; i < FILES; i++) {
        struct disk *const disk = &shim.disks[i];
        (void)snprintf(path, sizeof path, "%s%s", folder, disk->suffix);
        FILE *file = fopen(path, "r+b");
        for (size_t page = 0; file != NULL && page < PAGES_MAX; page++) {
            if (!disk->is_dirty[page] || seed == 0 || (seed * 2654435761u >> (page % 29) & 1) == 0) {
                continue;
            }
            assert_int_equal(fseek(file, (long)page * PAGE, SEEK_SET), 0);
            const size_t len = fread(disk->bytes + page * PAGE, 1, PAGE, file);
            const sqlite3_int64 end = (sqlite3_int64)(page * PAGE + len);
            disk->len = len > 0 && end > disk->len ? end : disk->len;
        }
        if (file != NULL) {
            fclose(file);
            file = fopen(path, "wb");
            assert_non_null(file);
            assert_int_equal(fwrite(disk->bytes, 1, (size_t)disk->len, file), (size_t)disk->len);
            fclose(file);
        }
    }
    (void)snprintf(path, sizeof path, "%s/ledger.db-shm", folder);
    (void)unlink(path);
}

static void
reset_shim(enum kind kind, int countdown, bool for_ever)
{
    for (size_t i = 0; i < FILES; i++) {
        shim.disks[i].len = 0;
        memset(shim.disks[i].is_dirty, 0, sizeof shim.disks[i].is_dirty);
        memset(shim.disks[i].bytes, 0, (size_t)PAGES_MAX * PAGE);
    }
    shim.kind = kind;
    shim.countdown = countdown;
    shim.for_ever = for_ever;
    shim.has_failed = false;
    shim.is_dead = false;
}

/* ---- the scenario ---- */

enum { ENTRIES = 5 };

/* Entries of 1 to 40 proofs; the second one is larger than a page by far. */
static struct occ_result
put_number(struct occ_ledger *ledger, uint64_t position)
{
    struct occ_error err;
    return put_entry(ledger, "e", "", position, position * 100, position == 2 ? 90 : position, &err);
}

static bool
is_storage_trouble(enum occ_err code)
{
    return code == OCC_ERR_LEDGER_FULL || code == OCC_ERR_LEDGER_READ_ONLY || code == OCC_ERR_LEDGER_CORRUPT ||
           code == OCC_ERR_IO || code == OCC_ERR_NOMEM || code == OCC_ERR_BUSY || code == OCC_ERR_NOT_FOUND;
}

static struct occ_ledger *
try_open(const char *folder)
{
    const struct occ_ledger_options options = { .folder = folder, .create = true, .vfs = "faults" };
    struct occ_error err;
    struct occ_ledger *ledger = NULL;
    for (int i = 0; i < 3; i++) {
        const struct occ_result result = occ_ledger_open(&options, &err, &ledger);
        if (occ_is_ok(result)) {
            return ledger;
        }
        if (!is_storage_trouble(result.code)) {
            fail_msg("open: %s %s", occ_result_name(result.code), err.text);
        }
    }
    return NULL;
}

/* Trouble that has passed leaves nothing behind: what was written after it is found by its digest. */
static void
assert_found(struct occ_ledger *ledger, const char *folder, uint64_t position)
{
    struct occ_ledger_reader *const reader = open_reader(ledger, folder);
    struct seen seen = SEEN_INIT;
    struct occ_error err;
    for (uint64_t i = 1; i <= position; i++) {
        uint8_t digest[32];
        digest_of(i * 100, digest);
        assert_ok(occ_ledger_by_digest(reader, digest, see, &seen, &err));
    }
    assert_int_equal(seen.count, position);
    occ_buf_clear(&seen.text);
    occ_ledger_reader_free(reader);
}

/* Writes until the disk does no more; opens again in between. Returns the last position that was reported as written. */
static uint64_t
run(const char *folder)
{
    uint64_t acknowledged = 0;
    struct occ_ledger *ledger = try_open(folder);
    for (uint64_t position = 1; position <= ENTRIES && ledger != NULL; position++) {
        struct occ_result result = occ_result_of(OCC_ERR_IO);
        for (int i = 0; i < 3 && !occ_is_ok(result); i++) {
            result = put_number(ledger, position);
            if (!occ_is_ok(result) && !is_storage_trouble(result.code)) {
                fail_msg("write: %s", occ_result_name(result.code));
            }
        }
        if (!occ_is_ok(result)) {
            break;
        }
        acknowledged = position;
        if (shim.has_failed && !shim.for_ever) {
            assert_found(ledger, folder, position);
        }
        if (position == 3) {
            occ_ledger_close(ledger);
            ledger = try_open(folder);
        }
    }
    shim.is_dead = true;
    occ_ledger_close(ledger);
    return acknowledged;
}

static void
count_problem(void *ctx, const char *sentence)
{
    (void)ctx;
    fail_msg("check: %s", sentence);
}

/* What was acknowledged is there, what was not is there as a whole or not at all, and the ledger goes on. */
static void
assert_whole(const char *folder, uint64_t acknowledged)
{
    struct occ_error err = { 0 };
    reset_shim(KINDS, 0, false); /* no more faults */
    struct occ_ledger *const ledger = try_open(folder);
    assert_non_null(ledger);
    struct occ_ledger_reader *const reader = open_reader(ledger, folder);
    struct occ_ledger_stats stats;
    occ_ledger_get_stats(ledger, &stats);
    struct seen seen = SEEN_INIT;
    OCC_BUF_AUTO(expected, 1 << 20);
    uint64_t last = 0, proofs = 0;
    while (proofs < stats.proofs) {
        last++;
        const size_t count = last == 2 ? 90 : last;
        for (size_t i = 0; i < count; i++, proofs++) {
            expect_proof(&expected, "e", "", last * 100 + i, last);
        }
    }
    assert_int_equal(proofs, stats.proofs);
    assert_true(last >= acknowledged && last <= acknowledged + 1);
    uint64_t cursor = 0;
    assert_ok(occ_ledger_walk(reader, &cursor, SIZE_MAX, see, &seen, &err));
    assert_seen(&seen, &expected);
    assert_ok(occ_ledger_check(reader, count_problem, NULL, NULL, &err));
    /* The boundary gives again what was not acknowledged, and more. */
    for (uint64_t position = 1; position <= ENTRIES + 1; position++) {
        assert_ok(put_number(ledger, position));
    }
    occ_ledger_reader_free(reader);
    occ_ledger_close(ledger);
}

/* False: the scenario has fewer calls of that kind. */
static bool
run_with_fault(enum kind kind, int at, bool for_ever, unsigned seed)
{
    char *folder = make_folder();
    reset_shim(kind, at, for_ever);
    const uint64_t acknowledged = run(folder);
    const bool has_failed = shim.has_failed;
    if (!for_ever && acknowledged != ENTRIES) {
        fail_msg("one fault of kind %d at call %d: only %d entries were written", (int)kind, at, (int)acknowledged);
    }
    lose_power(folder, seed);
    assert_whole(folder, acknowledged);
    remove_folder(folder);
    return has_failed;
}

static void
run_all(enum kind kind)
{
    int at = 0;
    for (bool more = true; more; at++) {
        more = run_with_fault(kind, at, false, (unsigned)at);
        if (at % 3 == 0) { /* a disk that stays broken differs from one call to the next in less */
            more = run_with_fault(kind, at, true, (unsigned)at * 3) || more;
        }
    }
    assert_true(at > 1);
}

static void
test_failed_writes(void **state)
{
    (void)state;
    run_all(FAIL_WRITE);
}

static void
test_full_disk(void **state)
{
    (void)state;
    run_all(FAIL_FULL);
}

static void
test_torn_writes(void **state)
{
    (void)state;
    run_all(FAIL_TORN);
}

static void
test_failed_syncs(void **state)
{
    (void)state;
    run_all(FAIL_SYNC);
}

static void
test_failed_reads(void **state)
{
    (void)state;
    run_all(FAIL_READ);
}

static void
test_failed_truncates(void **state)
{
    (void)state;
    run_all(FAIL_TRUNCATE);
}

static void
test_failed_shared_memory(void **state)
{
    (void)state;
    run_all(FAIL_SHM);
}

/* The power fails and nothing else did: at different moments, with different pages on the disk. */
static void
test_power_loss(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 10; seed++) {
        assert_false(run_with_fault(FAIL_WRITE, 100000, false, seed));
    }
}

int
main(void)
{
    make_shim();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss),       cmocka_unit_test(test_failed_writes),
        cmocka_unit_test(test_full_disk),        cmocka_unit_test(test_torn_writes),
        cmocka_unit_test(test_failed_syncs),     cmocka_unit_test(test_failed_reads),
        cmocka_unit_test(test_failed_truncates), cmocka_unit_test(test_failed_shared_memory),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < FILES; i++) {
        free(shim.disks[i].bytes);
    }
    return failed;
}
