/*
 * routes.h — which call it is, and whether its head is in order: everything that can be refused before the body is read.
 */
#ifndef OCC_SERVER_ROUTES_H
#define OCC_SERVER_ROUTES_H

#include "server/server.h"

/* The events of the HTTP server; ctx is the struct occ_server. */
struct occ_http_events occ_routes_events(struct occ_server *server);

#endif
