/*
 * timestamps_settings.h — the settings --tsa…, read and checked.
 */
#ifndef OCC_SERVER_TIMESTAMPS_SETTINGS_H
#define OCC_SERVER_TIMESTAMPS_SETTINGS_H

#include "base/limits.h"
#include "settings/settings.h"

struct occ_timestamps_settings {
    size_t count; /* of authorities; 0: no timestamps */
    struct {
        char *url;
        char *shown; /* without user information, query and fragment */
    } authorities[OCC_LIMIT_TSA_AUTHORITIES];
    size_t quorum; /* 1 to count */
    bool proof, required;
    uint64_t wait_ms, timeout_ms;
    uint64_t parallel; /* requests under way, of each authority */
    uint64_t rate;     /* requests a second, of each authority; 0 = no limit */
};

/* OCC_ERR_USAGE names the flag and never holds what may be secret in a URL; OCC_ERR_NOMEM. Clear it in either case. */
OCC_RESULT occ_timestamps_settings_read(const struct occ_settings *settings, struct occ_error *err,
                                        struct occ_timestamps_settings *ret);
void occ_timestamps_settings_clear(struct occ_timestamps_settings *settings);

#endif
