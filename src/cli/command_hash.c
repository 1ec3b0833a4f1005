/* occ hash FILE… */
#include "base/base64.h"
#include "base/hex.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/text.h"
#include "codec/canonical.h"

enum { LONGEST_OUTPUT = 64 << 20 };

static const struct occ_setting table[] = {
    { .name = "base64",
      .type = OCC_SETTING_SWITCH,
      .help = "Print the digest in base64, as proofs have it, not in hex." },
    { .name = "json",
      .type = OCC_SETTING_SWITCH,
      .help = "Print a JSON array of {\"file\", \"digestB64\", \"digestHex\", \"size\"}, size in bytes." },
};
static const char *const usage[] = { "[OPTIONS] FILE...", NULL };
static const struct occ_settings_program program = {
    .name = "occ hash",
    .usage = usage,
    .about = "Prints the SHA-256 digest of each file, as sha256sum does. FILE may be \"-\" for standard input.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Exit codes: 0 done, 2 wrong use, 3 a file could not be read.\n"
};

/* A name that a line cannot hold is escaped as sha256sum does it: "\" in front, "\\" and "\n" within. */
static void
put_name(const struct occ_cli *cli, struct occ_buf *buf, const char *name)
{
    if (cli->out_is_terminal) {
        occ_text_put_safe(buf, occ_bytes_str(name));
        return;
    }
    for (const char *next = name; *next != '\0'; next++) {
        if (*next == '\\') {
            occ_buf_put_str(buf, "\\\\");
        } else if (*next == '\n') {
            occ_buf_put_str(buf, "\\n");
        } else if (*next == '\r') {
            occ_buf_put_str(buf, "\\r");
        } else {
            occ_buf_put_byte(buf, (uint8_t)*next);
        }
    }
}

static void
put_line(const struct occ_cli *cli, struct occ_buf *buf, const char *file, const struct occ_input_hash *hash,
         bool base64)
{
    const struct occ_bytes digest = occ_bytes_of(hash->digest, sizeof hash->digest);
    if (!cli->out_is_terminal && strpbrk(file, "\\\n\r") != NULL) {
        occ_buf_put_byte(buf, '\\');
    }
    if (base64) {
        occ_base64_put(buf, digest);
    } else {
        char hex[2 * OCC_SHA256_LEN];
        occ_hex_encode(digest, hex);
        occ_buf_put(buf, occ_bytes_of(hex, sizeof hex));
    }
    occ_buf_put_str(buf, "  ");
    put_name(cli, buf, file);
    occ_buf_put_byte(buf, '\n');
}

static void
put_object(struct occ_buf *buf, const char *file, const struct occ_input_hash *hash)
{
    const struct occ_bytes digest = occ_bytes_of(hash->digest, sizeof hash->digest);
    char hex[2 * OCC_SHA256_LEN];
    occ_hex_encode(digest, hex);
    occ_buf_put_str(buf, buf->len == 0 ? "[" : ",");
    occ_buf_put_str(buf, "{\"file\":");
    occ_text_put_json_name(buf, file);
    occ_buf_put_str(buf, ",\"digestB64\":\"");
    occ_base64_put(buf, digest);
    occ_buf_put_str(buf, "\",\"digestHex\":\"");
    occ_buf_put(buf, occ_bytes_of(hex, sizeof hex));
    occ_buf_put_str(buf, "\",\"size\":");
    occ_buf_put_u64(buf, hash->size);
    occ_buf_put_str(buf, "}");
}

/* Files that cannot be read are told, and the others hashed. */
static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const size_t count = occ_settings_argument_count(settings);
    const bool json = occ_settings_switch(settings, "json");
    const bool base64 = occ_settings_switch(settings, "base64");
    if (count == 0) {
        return occ_output_usage(cli, "no FILE, expected at least one (\"-\" is standard input)");
    }
    enum occ_exit worst = OCC_EXIT_DONE;
    OCC_BUF_AUTO(buf, LONGEST_OUTPUT);
    for (size_t i = 0; i < count; i++) {
        const char *file = occ_settings_argument(settings, i);
        struct occ_error err = { 0 };
        struct occ_input_hash hash;
        if (!occ_is_ok(occ_input_hash_file(cli, file, &err, &hash))) {
            worst = occ_output_fail(cli, &err);
            continue;
        }
        if (json) {
            put_object(&buf, file, &hash);
            continue;
        }
        put_line(cli, &buf, file, &hash, base64);
        if (occ_output_text(cli, &buf) != OCC_EXIT_DONE) {
            return OCC_EXIT_FAILED;
        }
    }
    if (json) {
        occ_buf_put_str(&buf, buf.len == 0 ? "[]" : "]");
        const enum occ_exit written = occ_output_json(cli, &buf);
        return written == OCC_EXIT_DONE ? worst : written;
    }
    return worst;
}

const struct occ_command occ_command_hash = {
    .name = "hash", .summary = "Print the SHA-256 digest of files.", .settings = &program, .run = run
};
