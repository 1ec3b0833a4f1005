/*
 * routes.h — which call it is, and whether its head is in order: everything that can be refused before the body is read.
 */
#ifndef OCC_SERVER_ROUTES_H
#define OCC_SERVER_ROUTES_H

#include "server/server.h"

/* The events of the HTTP server; ctx is the struct occ_server. */
struct occ_http_events occ_routes_events(struct occ_server *server);
/* Paths, for metrics: index from 0; NULL behind the last. */
const char *occ_routes_path(size_t index);

/*
 * The request, which is at work, counts for its caller so many calls more (admit.h): digests of a commit beyond the first.
 * False: too many, and it has been answered 429.
 */
bool occ_routes_admit_more(struct occ_server *server, struct occ_http_request *request, uint64_t more);

#endif
