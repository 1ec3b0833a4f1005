/*
 * tsa_module.h — for the tests of occ_timestamps and of what stands on it: the module as its settings make it, authorities of
 * tsa.h, and the store of tsa_store.h.
 */
#ifndef OCC_TESTS_TSA_MODULE_H
#define OCC_TESTS_TSA_MODULE_H

#include "server/options.h"
#include "server/timestamps.h"
#include "unit/server/tsa_store.h"

enum { MODULE_FLAGS_MAX = 12 };

struct tsa_module {
    struct tsa tsa;
    struct occ_store store;
    struct occ_events events;
    struct occ_settings *settings;
    char words[MODULE_FLAGS_MAX][512];
    char *argv[MODULE_FLAGS_MAX];
    struct occ_timestamps *timestamps;
};

/* paths: of authorities, separated by spaces; flags: NULL at the end; held_len_max: as in struct occ_timestamps_config. */
static inline void
module_begin_held(struct tsa_module *run, const char *paths, const char *const *flags, size_t held_len_max)
{
    static char *const envp[] = { NULL };
    struct occ_error err = { 0 };
    *run = (struct tsa_module){ 0 };
    tsa_begin(&run->tsa);
    store_begin(&run->store, &run->tsa);
    OCC_BUF_AUTO(list, 500);
    while (*paths != '\0') {
        char path[32];
        const size_t len = strcspn(paths, " ");
        snprintf(path, sizeof path, "%.*s", (int)len, paths);
        occ_buf_put_str(&list, list.len == 0 ? "" : ",");
        tsa_put_url(&run->tsa, path, &list);
        paths += len + (paths[len] == ' ' ? 1 : 0);
    }
    int argc = 0;
    snprintf(run->words[argc++], sizeof run->words[0], "occd");
    if (list.len > 0) {
        snprintf(run->words[argc++], sizeof run->words[0], "--tsa=%.*s", OCC_BYTES_ARG(occ_buf_view(&list)));
    }
    for (; *flags != NULL; flags++) {
        snprintf(run->words[argc++], sizeof run->words[0], "%s", *flags);
    }
    for (int i = 0; i < argc; i++) {
        run->argv[i] = run->words[i];
    }
    assert_true(occ_is_ok(occ_settings_load(&occ_options_program, argc, run->argv, envp, &err, &run->settings)));
    const struct occ_timestamps_config config = { .loop = run->tsa.loop,
                                                  .events = &run->events,
                                                  .settings = run->settings,
                                                  .store = &run->store,
                                                  .held_len_max = held_len_max };
    if (!occ_is_ok(occ_timestamps_new(&config, &err, &run->timestamps))) {
        fail_msg("%s", err.text);
    }
}

static inline void
module_begin(struct tsa_module *run, const char *paths, const char *const *flags)
{
    module_begin_held(run, paths, flags, 0);
}

static inline void
module_end(struct tsa_module *run)
{
    occ_timestamps_free(run->timestamps);
    store_settle(&run->store);
    store_end(&run->store);
    tsa_end(&run->tsa);
    occ_settings_free(run->settings);
}

#endif
