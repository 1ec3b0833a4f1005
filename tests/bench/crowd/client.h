/*
 * client.h — one connection of the crowd: bytes out and answers in, at the pace that its kind has. What it sends and makes of answers is
 * the kind's (kinds.h).
 */
#ifndef CROWD_CLIENT_H
#define CROWD_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "record.h"

enum { STATUS_MAX = 600, KINDS_MAX = 16, SAID_MAX = 10, SAID_LEN = 160 };

/* What all clients share. */
struct crowd {
    struct sockaddr_in address;
    int epoll;
    struct record *record;
    uint64_t now_us;  /* since the start */
    bool is_counting; /* latencies, and answers for fairness: not while the crowd gathers */
    bool is_ending;   /* nothing new is begun */
    unsigned open, pending;
    char *proof; /* one that was answered lately, for verifications */
    size_t proof_len;
    /* counted for the report */
    uint64_t answers[KINDS_MAX][STATUS_MAX];
    uint64_t closed[KINDS_MAX];     /* by the server, where the kind expects that, */
    uint64_t unexpected[KINDS_MAX]; /* and where it does not */
    uint64_t answers_all, connects, bytes_read;
    uint64_t wrong;
    char said[SAID_MAX][SAID_LEN]; /* the first wrongs */
};

struct bytes {
    char *at;
    size_t len, size;
};

enum call { CALL_NONE, CALL_COMMIT, CALL_VERIFY, CALL_LOOKUP, CALL_SLOT, CALL_HEALTH, CALL_BAD };

struct client {
    struct crowd *crowd;
    unsigned kind;
    int fd; /* -1: not there; opens, or does its next step, at wake_us */
    bool is_connecting, can_read, can_write;
    uint64_t wake_us; /* UINT64_MAX: never */
    struct bytes out, in;
    size_t out_at;
    /* The pace: so many bytes each step_us; 0: as they come. */
    uint64_t step_us;
    size_t send_step, read_step, send_quota, read_quota;
    size_t cut_after; /* bytes of the answer after which it is gone; 0: it stays */
    bool is_last;     /* the server closes behind the answer */
    /* What was asked, answers times the same. */
    enum call call;
    unsigned awaited;
    uint64_t first;
    size_t count;
    uint64_t asked_us;
    /* The kind's own. */
    unsigned plan, served;
    uint64_t random;
    /* For fairness. */
    struct histogram *latency;
    uint64_t counted;
};

/* Connects; the kind goes on when it is there. */
void client_open(struct client *client);

/* Closes, at once and with a reset if so wanted; it opens again after wait_us. */
void client_leave(struct client *client, bool with_reset, uint64_t wait_us);

/* Writes and reads as far as pace and socket let it, and tells the kind what comes. */
void client_pump(struct client *client);

/* The time of wake_us has come. */
void client_wake(struct client *client);

/* Appends to what is to be sent. */
void client_put(struct client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));
void client_put_bytes(struct client *client, const char *bytes, size_t len);

/* Something that the server must not do. */
void crowd_say(struct crowd *crowd, unsigned kind, const char *what, const char *detail, size_t detail_len);

#endif
