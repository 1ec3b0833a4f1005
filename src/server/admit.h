/*
 * admit.h — how often a caller may call: the limits of the settings --rate-key, --rate-address and --demo-rate.
 *
 * A call counts for its API key if there is one and --rate-key is set; else for its address (client_address.h), by
 * --rate-address; a call of the demo for its address, by --demo-rate too. A commit counts each of its digests: the first when
 * its head has been read, the rest before anything is sent to the boundary.
 */
#ifndef OCC_SERVER_ADMIT_H
#define OCC_SERVER_ADMIT_H

#include "net/http_server.h"
#include "server/client_address.h"
#include "server/limiter.h"

struct occ_options;

/* For whom a call counts; kept with the request. */
struct occ_admit_caller {
    uint8_t key_id[OCC_LIMITER_ID_LEN];     /* of the API key's name */
    uint8_t address_id[OCC_LIMITER_ID_LEN]; /* the subscriber's address */
    bool has_key, is_demo;
    bool has_client;           /* proxies are trusted, and */
    struct occ_address client; /* this is who asked them */
};

struct occ_admit {
    struct occ_limiter *per_key, *per_address, *demo; /* NULL: not limited; the demo: there is none */
    struct occ_proxies proxies;
};

/* NULL or cleared limiters where the settings say nothing. Codes: OCC_ERR_NOMEM. */
OCC_RESULT occ_admit_init(const struct occ_options *options, struct occ_admit *ret_admit);
void occ_admit_clear(struct occ_admit *admit);

/* Behind trusted proxies: whom the request came from. Fills in client. */
void occ_admit_find_client(const struct occ_admit *admit, const struct occ_http_request *request,
                           struct occ_admit_caller *ret_caller);
/* Who asks: key is the name of the API key, or "". Fills in what limits go by. After occ_admit_find_client. */
void occ_admit_identify(const struct occ_admit *admit, const struct occ_http_request *request, const char *key,
                        struct occ_admit_caller *ret_caller);
/* The call, once. False: too many; *ret_wait_ms is how long to wait. */
bool occ_admit_call(struct occ_admit *admit, const struct occ_admit_caller *caller, uint64_t now_ms,
                    uint64_t *ret_wait_ms);
/* The same call counts more calls more. */
bool occ_admit_more(struct occ_admit *admit, const struct occ_admit_caller *caller, uint64_t more, uint64_t now_ms,
                    uint64_t *ret_wait_ms);

#endif
