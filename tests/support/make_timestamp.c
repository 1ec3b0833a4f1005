/* make_timestamp.c — timestamp_maker.h as a program: a token about a given digest, for the scenarios. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/calendar.h"
#include "base/hex.h"
#include "support/timestamp_maker.h"

static const char usage[] =
    "Usage: make_timestamp --digest HEX --time TIME [options]\n"
    "       make_timestamp --list\n"
    "\n"
    "Prints an RFC 3161 token in base64, under a root certificate of its own.\n"
    "\n"
    "  --digest HEX       SHA-256, 32 bytes: what the token is about; \"-\" reads it from standard input\n"
    "  --time TIME        genTime, RFC 3339 (whole seconds count)\n"
    "  --root-out FILE    where the root certificate goes, PEM: what a verifier is to trust\n"
    "  --token-out FILE   where the token goes in DER\n"
    "  --policy OID       the authority's policy, dotted\n"
    "  --ca-dir FOLDER    keeps the root there and takes it from there the next time\n"
    "  --break RULE       one thing different; several are possible\n"
    "  --list             prints the rules, each with the code that a verifier must give (0: it is good)\n";

enum { FILE_LEN_MAX = 1 << 20, RULES_MAX = 8 };

struct options {
    const char *digest, *time, *root_out, *token_out, *policy, *ca_dir, *rules[RULES_MAX];
    size_t rule_count;
};

__attribute__((noreturn)) static void
fail(const char *what, const char *which)
{
    fprintf(stderr, "make_timestamp: %s%s\n", what, which);
    exit(2);
}

static bool
read_file(const char *path, struct occ_buf *buf)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    uint8_t part[4096];
    for (size_t len = fread(part, 1, sizeof part, file); len > 0; len = fread(part, 1, sizeof part, file)) {
        occ_buf_put(buf, occ_bytes_of(part, len));
    }
    fclose(file);
    return occ_is_ok(occ_buf_check(buf));
}

static void
write_file(const char *path, struct occ_bytes content)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(content.ptr, 1, content.len, file) != content.len || fclose(file) != 0) {
        fail("cannot write ", path);
    }
}

static void
path_in(const char *folder, const char *name, char ret_path[4096])
{
    const int len = snprintf(ret_path, 4096, "%s/%s", folder, name);
    if (len <= 0 || len >= 4096) {
        fail("too long: ", folder);
    }
}

static struct timestamp_authority *
authority_of(const struct options *options, const struct timestamp_plan *plan)
{
    if (options->ca_dir == NULL) {
        return timestamp_authority_new(plan);
    }
    char root_path[4096], key_path[4096];
    path_in(options->ca_dir, "root.pem", root_path);
    path_in(options->ca_dir, "root.key", key_path);
    OCC_BUF_AUTO(root, FILE_LEN_MAX);
    OCC_BUF_AUTO(key, FILE_LEN_MAX);
    if (read_file(root_path, &root) && read_file(key_path, &key)) {
        return timestamp_authority_under(plan, occ_buf_view(&root), occ_buf_view(&key));
    }
    (void)mkdir(options->ca_dir, 0700);
    struct timestamp_authority *authority = timestamp_authority_new(plan);
    occ_buf_reset(&root);
    occ_buf_reset(&key);
    timestamp_root_put(&root, authority);
    timestamp_root_key_put(&key, authority);
    write_file(root_path, occ_buf_view(&root));
    write_file(key_path, occ_buf_view(&key));
    return authority;
}

static void
read_digest(const char *text, uint8_t ret_digest[32])
{
    char line[66] = "";
    if (strcmp(text, "-") == 0) {
        if (fgets(line, sizeof line, stdin) == NULL) {
            fail("no digest on standard input", "");
        }
        line[strcspn(line, "\n")] = '\0';
        text = line;
    }
    if (!occ_is_ok(occ_hex_decode(occ_bytes_str(text), 32, ret_digest))) {
        fail("not 32 bytes in lower-case hex: ", text);
    }
}

static void
run(const struct options *options)
{
    uint8_t digest[32];
    struct occ_calendar_time time;
    read_digest(options->digest, digest);
    if (!occ_is_ok(occ_calendar_parse(occ_bytes_str(options->time), &time))) {
        fail("not an RFC 3339 time: ", options->time);
    }
    struct timestamp_plan plan;
    timestamp_plan_init(&plan, digest, time.unix_ms);
    if (options->policy != NULL) {
        plan.policy = options->policy;
    }
    for (size_t i = 0; i < options->rule_count; i++) {
        if (!timestamp_plan_break(&plan, options->rules[i])) {
            fail("no such rule: ", options->rules[i]);
        }
    }
    struct timestamp_authority *authority = authority_of(options, &plan);
    OCC_BUF_AUTO(token, FILE_LEN_MAX);
    OCC_BUF_AUTO(text, 2 * FILE_LEN_MAX);
    OCC_BUF_AUTO(root, FILE_LEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    timestamp_root_put(&root, authority);
    timestamp_authority_free(authority);
    occ_base64_put(&text, occ_buf_view(&token));
    occ_buf_put_byte(&text, '\n');
    if (options->root_out != NULL) {
        write_file(options->root_out, occ_buf_view(&root));
    }
    if (options->token_out != NULL) {
        write_file(options->token_out, occ_buf_view(&token));
    }
    if (fwrite(text.ptr, 1, text.len, stdout) != text.len || fflush(stdout) != 0) {
        fail("cannot write to standard output", "");
    }
}

static void
list(void)
{
    for (size_t i = 0; i < timestamp_rules_count; i++) {
        printf("%s %d\n", timestamp_rules[i].name, (int)timestamp_rules[i].code);
    }
}

static void
take_option(struct options *options, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **place;
    } all[] = {
        { "--digest", &options->digest },       { "--time", &options->time },     { "--root-out", &options->root_out },
        { "--token-out", &options->token_out }, { "--policy", &options->policy }, { "--ca-dir", &options->ca_dir },
    };
    if (strcmp(name, "--break") == 0 && options->rule_count < RULES_MAX) {
        options->rules[options->rule_count++] = value;
        return;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(name, all[i].name) == 0) {
            *all[i].place = value;
            return;
        }
    }
    fail("unknown option ", name);
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    struct options options = { .digest = NULL };
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) {
            fputs(usage, stderr);
            return 2;
        }
        take_option(&options, argv[i], argv[i + 1]);
    }
    if (options.digest == NULL || options.time == NULL) {
        fputs(usage, stderr);
        return 2;
    }
    run(&options);
    return 0;
}
