/*
 * crowd.c — many clients of one service at a time, of all sorts: fast ones, idle ones, slow ones, broken ones (kinds.c).
 * Usage: crowd PORT SECONDS CONNECTIONS SEED
 *
 * Talks to 127.0.0.1:PORT. Prints a line "open N" each second on standard error. At the end it lets the well-behaved ones have the
 * answers that they wait for, closes everything, and prints one JSON object about answers, latency and fairness. Then it reads an export of the
 * ledger (occ export) from standard input, holds it against what was answered, and prints one more.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "kinds.h"

enum { EVENTS = 256, TICK_MS = 5, CONNECTIONS_MAX = 100000, LAST_ANSWERS_S = 15, PROOF_MAX = 4096 };

static uint64_t
now_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

static void *
allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        perror("crowd");
        exit(3);
    }
    return memory;
}

/* How many of a kind there are among so many connections: at least one. */
static size_t
share(unsigned kind, size_t connections)
{
    const size_t count = connections * kinds[kind].per_thousand / 1000;
    return count > 0 ? count : 1;
}

static struct client *
make_clients(struct crowd *crowd, size_t connections, uint64_t seed, size_t *ret_count)
{
    size_t count = 0, at = 0;
    for (unsigned k = 0; k < kinds_count; k++) {
        count += share(k, connections);
    }
    struct client *clients = allocate(count, sizeof *clients);
    for (unsigned k = 0; k < kinds_count; k++) {
        for (size_t i = 0; i < share(k, connections); i++, at++) {
            /* Kinds come side by side, two milliseconds between two of one. */
            clients[at] = (struct client){
                .crowd = crowd, .kind = k, .fd = -1, .random = seed * 1000003 + at, .wake_us = i * 2000
            };
            clients[at].latency = k == KIND_FAST ? allocate(1, sizeof(struct histogram)) : NULL;
        }
    }
    *ret_count = count;
    return clients;
}

static void
take_events(struct crowd *crowd, uint64_t begin)
{
    struct epoll_event events[EVENTS];
    const int count = epoll_wait(crowd->epoll, events, EVENTS, TICK_MS);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        crowd->now_us = now_us() - begin;
        client->can_read |= (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        client->can_write |= (events[i].events & (EPOLLOUT | EPOLLERR)) != 0;
        client_pump(client);
    }
    crowd->now_us = now_us() - begin;
}

static void
wake_all(struct crowd *crowd, struct client *clients, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (clients[i].wake_us <= crowd->now_us) {
            client_wake(&clients[i]);
        }
    }
}

/* Nothing new; who is well-behaved and waits for an answer gets it, unless it takes too long. */
static void
end(struct crowd *crowd, struct client *clients, size_t count, uint64_t begin)
{
    crowd->is_ending = true;
    const uint64_t until = crowd->now_us + LAST_ANSWERS_S * 1000000ull;
    for (size_t i = 0; i < count; i++) {
        if (clients[i].awaited == 0 || !kinds[clients[i].kind].is_behaved) {
            client_leave(&clients[i], false, UINT64_MAX / 2);
        }
    }
    while (crowd->pending > 0 && crowd->now_us < until) {
        take_events(crowd, begin);
        wake_all(crowd, clients, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (clients[i].awaited > 0) {
            crowd_say(crowd, clients[i].kind, "has no answer", "", 0);
        }
        client_leave(&clients[i], false, UINT64_MAX / 2);
    }
}

static int
compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void
print_kinds(const struct crowd *crowd, const struct client *clients, size_t count)
{
    for (unsigned k = 0; k < kinds_count; k++) {
        size_t connections = 0;
        for (size_t i = 0; i < count; i++) {
            connections += clients[i].kind == k;
        }
        printf("%s\"%s\":{\"connections\":%zu,\"behaved\":%s,\"closed\":%llu,\"closed_in_request\":%llu,\"answers\":{",
               k == 0 ? "" : ",", kinds[k].name, connections, kinds[k].is_behaved ? "true" : "false",
               (unsigned long long)crowd->closed[k], (unsigned long long)crowd->unexpected[k]);
        const char *comma = "";
        for (unsigned status = 0; status < STATUS_MAX; status++) {
            if (crowd->answers[k][status] > 0) {
                printf("%s\"%u\":%llu", comma, status, (unsigned long long)crowd->answers[k][status]);
                comma = ",";
            }
        }
        printf("}}");
    }
}

/* The fast group as a whole, and how far apart its connections are. */
static void
print_fairness(const struct client *clients, size_t count)
{
    struct histogram all = { 0 };
    uint64_t *counts = allocate(count, sizeof *counts), *p99 = allocate(count, sizeof *p99),
             *max = allocate(count, sizeof *max);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (clients[i].latency != NULL) {
            histogram_join(&all, clients[i].latency);
            counts[n] = clients[i].counted;
            max[n] = clients[i].latency->max_us;
            p99[n++] = histogram_at(clients[i].latency, 0.99);
        }
    }
    qsort(counts, n, sizeof *counts, compare_u64);
    qsort(p99, n, sizeof *p99, compare_u64);
    qsort(max, n, sizeof *max, compare_u64);
    printf("\"fast\":{\"answers\":%llu,\"p50_us\":%llu,\"p99_us\":%llu,\"p999_us\":%llu,\"max_us\":%llu",
           (unsigned long long)all.count, (unsigned long long)histogram_at(&all, 0.5),
           (unsigned long long)histogram_at(&all, 0.99), (unsigned long long)histogram_at(&all, 0.999),
           (unsigned long long)all.max_us);
    const struct {
        const char *name;
        const uint64_t *values;
    } each[] = { { "answers_each", counts }, { "p99_us_each", p99 }, { "max_us_each", max } };
    for (size_t i = 0; n > 0 && i < sizeof each / sizeof each[0]; i++) {
        printf(",\"%s\":{\"least\":%llu,\"median\":%llu,\"most\":%llu}", each[i].name,
               (unsigned long long)each[i].values[0], (unsigned long long)each[i].values[n / 2],
               (unsigned long long)each[i].values[n - 1]);
    }
    printf("}");
    free(counts);
    free(p99);
    free(max);
}

static void
print_wrong(const struct crowd *crowd)
{
    printf("\"wrong\":%llu,\"said\":[", (unsigned long long)crowd->wrong);
    for (uint64_t i = 0; i < crowd->wrong && i < SAID_MAX; i++) {
        printf("%s\"", i == 0 ? "" : ",");
        for (const char *at = crowd->said[i]; *at != '\0'; at++) {
            printf(*at == '"' || *at == '\\'                              ? "\\%c"
                   : (unsigned char)*at < ' ' || (unsigned char)*at > '~' ? "?"
                                                                          : "%c",
                   *at);
        }
        printf("\"");
    }
    printf("]");
}

static void
print_report(const struct crowd *crowd, const struct client *clients, size_t count, unsigned open_least, double seconds)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    printf("{\"clients\":%zu,\"open_least\":%u,\"seconds\":%.3f,\"connects\":%llu,\"answers\":%llu,\"bytes_read\":%llu,"
           "\"digests_sent\":%llu,\"own_cpu_us_per_answer\":%.2f,\"kinds\":{",
           count, open_least, seconds, (unsigned long long)crowd->connects, (unsigned long long)crowd->answers_all,
           (unsigned long long)crowd->bytes_read, (unsigned long long)record_sent(crowd->record),
           crowd->answers_all == 0 ? 0 : cpu / (double)crowd->answers_all);
    print_kinds(crowd, clients, count);
    printf("},");
    print_fairness(clients, count);
    printf(",");
    print_wrong(crowd);
    printf("}\n");
    (void)fflush(stdout);
}

static uint64_t
number(const char *text, uint64_t most)
{
    char *stop;
    errno = 0;
    const unsigned long long value = strtoull(text, &stop, 10);
    if (errno != 0 || *stop != '\0' || value == 0 || value > most) {
        fprintf(stderr, "crowd: '%s' is no number from 1 to %llu\n", text, (unsigned long long)most);
        exit(2);
    }
    return value;
}

int
main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: crowd PORT SECONDS CONNECTIONS SEED\n");
        return 2;
    }
    const uint64_t seconds = number(argv[2], 1000000), connections = number(argv[3], CONNECTIONS_MAX),
                   seed = number(argv[4], UINT32_MAX);
    struct crowd *crowd = allocate(1, sizeof *crowd);
    crowd->address = (struct sockaddr_in){ .sin_family = AF_INET,
                                           .sin_port = htons((uint16_t)number(argv[1], 65535)),
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    crowd->record = record_new(seed);
    crowd->proof = allocate(1, PROOF_MAX);
    signal(SIGPIPE, SIG_IGN);
    size_t count;
    struct client *clients = make_clients(crowd, connections, seed, &count);
    /* The first tenth is for gathering. */
    const uint64_t begin = now_us(), until = seconds * 1000000,
                   counting_from = until / 10 < 10000000 ? until / 10 : 10000000;
    uint64_t next_second = 0;
    unsigned open_least = UINT32_MAX;
    while (crowd->now_us < until) {
        take_events(crowd, begin);
        wake_all(crowd, clients, count);
        crowd->is_counting = crowd->now_us >= counting_from;
        if (crowd->now_us >= next_second) {
            fprintf(stderr, "open %u\n", crowd->open);
            open_least = crowd->is_counting && crowd->open < open_least ? crowd->open : open_least;
            next_second += 1000000;
        }
    }
    end(crowd, clients, count, begin);
    print_report(crowd, clients, count, open_least, (double)(until - counting_from) / 1e6);
    record_check(crowd->record, stdin, stdout);
    return 0;
}
