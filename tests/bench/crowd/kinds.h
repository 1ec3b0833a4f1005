/* kinds.h — how the clients of the crowd behave: fast, idle, slow, broken. */
#ifndef CROWD_KINDS_H
#define CROWD_KINDS_H

#include "client.h"

struct kind {
    const char *name;
    unsigned per_thousand;                /* of the connections that are asked for */
    bool is_behaved;                      /* each of its answers must be 200, and none may be missing */
    uint32_t rest_least_ms, rest_most_ms; /* between two requests */
    void (*next)(struct client *client);
};

enum { KIND_FAST = 0 }; /* whose latency and fairness are told */

extern const struct kind kinds[];
extern const unsigned kinds_count;

/* It is connected, or its rest is over: it sends. */
void kinds_next(struct client *client);

/* An answer has come. */
void kinds_answered(struct client *client, int status, const char *body, size_t len);

/* The server has closed, or the connection is broken. */
void kinds_closed(struct client *client);

#endif
