/*
 * metrics_listener.h — a listener that serves GET /metrics and nothing else: no API keys, no access log, no CORS.
 */
#ifndef OCC_SERVER_METRICS_LISTENER_H
#define OCC_SERVER_METRICS_LISTENER_H

#include "server/server.h"

/*
 * Listens where the settings say, if they say so; server->metrics_http is the listener, or stays NULL. The default that cannot
 * be had (a data folder with a path too long for a socket, say) is a warning; what the operator asked for is a failure.
 */
OCC_RESULT occ_metrics_listener_start(struct occ_server *server, struct occ_error *err);

#endif
