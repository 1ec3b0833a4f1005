/* make_nitro.c — maker.h as a program: an attestation document about a given proof, for the scenarios. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/limits.h"
#include "sim/maker.h"

static const char usage[] =
    "Usage: make_nitro --time MS --report-out FILE [options]\n"
    "\n"
    "Writes an attestation document like AWS's, in base64, under a root certificate of its own.\n"
    "\n"
    "  --time MS          the document's time, Unix milliseconds\n"
    "  --report-out FILE  where the document goes\n"
    "  --root-out FILE    where the root certificate goes, PEM: what a verifier is to trust\n"
    "  --key BASE64       public_key; without it, null\n"
    "  --user-data HEX    user_data; without it, null\n"
    "  --nonce HEX        nonce; without it, null\n"
    "  --pcr0 HEX         PCR0, 48 bytes; without it, a constant\n"
    "  --ca-dir FOLDER    keeps the root and the other authorities there and takes them from there the next time\n"
    "  --seed TEXT        of the keys: another seed, another CA\n"
    "  --tagged           tag 18 in front of the document\n"
    "  --indefinite       a payload map of indefinite length\n"
    "  --break RULE       one thing wrong:\n";

struct options {
    const char *time, *report_out, *root_out, *key, *user_data, *nonce, *pcr0, *ca_dir, *seed, *rule;
    bool tagged, indefinite;
};

/* ---- what can be broken ---- */

static const uint8_t zero_pcr[48];

/* Before the path is made. */
static void
break_plan(const char *rule, struct occ_sim_plan *plan)
{
    struct occ_sim_certificate *leaf = &plan->certificates[plan->count - 1];
    struct occ_sim_certificate *above = leaf - 1;
    if (strcmp(rule, "expired") == 0) {
        leaf->not_after = leaf->not_before + 30;
    } else if (strcmp(rule, "authority-expired") == 0) {
        above->not_after = leaf->not_before;
        above->der.len = 0;
    } else if (strcmp(rule, "leaf-ca") == 0) {
        leaf->ca = 1;
        leaf->key_usage = "critical,digitalSignature,keyCertSign";
    } else if (strcmp(rule, "leaf-usage") == 0) {
        leaf->key_usage = "nonRepudiation";
    } else if (strcmp(rule, "path-length") == 0) {
        plan->certificates[1].path_length = 0;
        plan->certificates[1].der.len = 0;
    } else if (strcmp(rule, "path-signature") == 0) {
        leaf->wrong_signature = true;
    } else if (strcmp(rule, "sha256") == 0) {
        leaf->digest = "SHA256";
    } else if (strcmp(rule, "root") == 0) {
        plan->seed = "another root of the same name";
        for (size_t i = 0; i < plan->count; i++) {
            plan->certificates[i].der.len = 0;
        }
    }
}

/* After it. */
static void
break_document(const char *rule, struct occ_sim_document *document)
{
    if (strcmp(rule, "debug") == 0) {
        for (size_t i = 0; i < 3; i++) {
            document->pcrs[i] = occ_bytes_of(zero_pcr, sizeof zero_pcr);
        }
    } else if (strcmp(rule, "signature") == 0) {
        document->signature = OCC_SIM_SIGNATURE_FLIPPED;
    } else if (strcmp(rule, "order") == 0) {
        const struct occ_bytes second = document->cabundle[1];
        document->cabundle[1] = document->cabundle[2];
        document->cabundle[2] = second;
    } else if (strcmp(rule, "missing") == 0) {
        document->cabundle_count--;
    } else if (strcmp(rule, "algorithm") == 0) {
        document->algorithm = -7;
    } else if (strcmp(rule, "unknown-field") == 0) {
        document->unknown = "another";
    } else if (strcmp(rule, "trailing") == 0) {
        document->trailing = occ_bytes_str("\0");
        document->trailing.len = 1;
    }
}

static const char *const rules[][2] = {
    { "expired", "the leaf has expired at the document's time" },
    { "authority-expired", "an authority has" },
    { "leaf-ca", "the leaf is a CA certificate" },
    { "leaf-usage", "the leaf's key usage lacks digitalSignature" },
    { "path-length", "a path length is exceeded" },
    { "path-signature", "the signature on the leaf is wrong" },
    { "sha256", "the leaf is signed with SHA-256" },
    { "root", "another root with the same name; --root-out still gives the right one" },
    { "debug", "PCR0 to PCR2 are zero" },
    { "signature", "the document's signature is wrong" },
    { "order", "two authorities are in the wrong order" },
    { "missing", "the last authority is missing" },
    { "algorithm", "the protected header says ES256" },
    { "unknown-field", "a field that documents do not have" },
    { "trailing", "a byte after the document" },
};
enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

/* ---- arguments ---- */

static void
print_usage(FILE *stream)
{
    (void)fputs(usage, stream);
    for (size_t i = 0; i < RULE_COUNT; i++) {
        (void)fprintf(stream, "    %-18s %s\n", rules[i][0], rules[i][1]);
    }
}

_Noreturn static void
refuse(const char *what, const char *value)
{
    (void)fprintf(stderr, "make_nitro: %s: %s (--help says more)\n", what, value);
    exit(2);
}

static bool
is_rule(const char *name)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rules[i][0], name) == 0) {
            return true;
        }
    }
    return false;
}

static struct options
read_options(int count, char **arguments)
{
    struct options options = { .seed = "test", .rule = "" };
    const struct {
        const char *name;
        const char **value;
    } with_value[] = {
        { "--time", &options.time },  { "--report-out", &options.report_out }, { "--root-out", &options.root_out },
        { "--key", &options.key },    { "--user-data", &options.user_data },   { "--nonce", &options.nonce },
        { "--pcr0", &options.pcr0 },  { "--ca-dir", &options.ca_dir },         { "--seed", &options.seed },
        { "--break", &options.rule },
    };
    for (int i = 1; i < count; i++) {
        bool known = strcmp(arguments[i], "--tagged") == 0 || strcmp(arguments[i], "--indefinite") == 0;
        options.tagged = options.tagged || strcmp(arguments[i], "--tagged") == 0;
        options.indefinite = options.indefinite || strcmp(arguments[i], "--indefinite") == 0;
        if (strcmp(arguments[i], "--help") == 0) {
            print_usage(stdout);
            exit(0);
        }
        for (size_t k = 0; k < sizeof with_value / sizeof with_value[0] && !known; k++) {
            if (strcmp(arguments[i], with_value[k].name) == 0 && i + 1 < count) {
                *with_value[k].value = arguments[++i];
                known = true;
            }
        }
        if (!known) {
            refuse("unknown, or without its value", arguments[i]);
        }
    }
    if (options.time == NULL || options.report_out == NULL) {
        refuse("needed", "--time and --report-out");
    }
    if (options.rule[0] != '\0' && !is_rule(options.rule)) {
        refuse("no such rule", options.rule);
    }
    return options;
}

/* ---- files and values ---- */

static void
write_file(const char *path, struct occ_bytes bytes)
{
    FILE *stream = fopen(path, "wb");
    if (stream == NULL || fwrite(bytes.ptr, 1, bytes.len, stream) != bytes.len || fclose(stream) != 0) {
        refuse("cannot write", path);
    }
}

/* False if there is no such file. */
static bool
read_file(const char *path, struct occ_buf *buf)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return false;
    }
    uint8_t block[4096];
    size_t got = 0;
    while ((got = fread(block, 1, sizeof block, stream)) > 0) {
        occ_buf_put(buf, occ_bytes_of(block, got));
    }
    (void)fclose(stream);
    return occ_is_ok(occ_buf_check(buf));
}

static struct occ_bytes
from_hex(const char *text, struct occ_buf *buf)
{
    const size_t len = strlen(text) / 2;
    uint8_t *bytes = occ_buf_reserve(buf, len + 1);
    if (bytes == NULL || !occ_is_ok(occ_hex_decode(occ_bytes_str(text), len, bytes))) {
        refuse("not lower-case hex", text);
    }
    buf->len = len;
    return occ_bytes_of(bytes, len);
}

static struct occ_bytes
from_base64(const char *text, struct occ_buf *buf)
{
    const size_t cap = strlen(text) + 1;
    uint8_t *bytes = occ_buf_reserve(buf, cap);
    if (bytes == NULL || !occ_is_ok(occ_base64_decode(occ_bytes_str(text), cap, bytes, &buf->len))) {
        refuse("not base64", text);
    }
    return occ_bytes_of(bytes, buf->len);
}

static void
authority_file(const char *folder, size_t index, char path[1024])
{
    if (snprintf(path, 1024, "%s/cabundle%zu.der", folder, index) >= 1024) {
        refuse("too long", folder);
    }
}

/* ---- the work ---- */

/* With a folder: the authorities that lie there, and new ones for those that do not. */
static struct occ_sim_path *
make_good(const struct options *options, struct occ_sim_plan *plan)
{
    struct occ_buf kept[OCC_SIM_CERTIFICATES_MAX];
    for (size_t i = 0; i + 1 < plan->count; i++) {
        kept[i] = OCC_BUF_INIT(OCC_LIMIT_NITRO_CERTIFICATE_LEN);
        plan->certificates[i].not_before = 1000000000; /* 2001 */
        plan->certificates[i].not_after = 2500000000;  /* 2049: one folder serves documents of any time */
        char file[1024];
        if (options->ca_dir != NULL) {
            authority_file(options->ca_dir, i, file);
            plan->certificates[i].der = read_file(file, &kept[i]) ? occ_buf_view(&kept[i]) : occ_bytes_of(NULL, 0);
        }
    }
    struct occ_sim_path *path = occ_sim_path_make(plan);
    for (size_t i = 0; i + 1 < plan->count; i++) {
        occ_buf_clear(&kept[i]);
    }
    return path;
}

/* The same authorities, but for what the rule makes anew. */
static struct occ_sim_path *
make_broken(const char *rule, struct occ_sim_plan *plan, const struct occ_sim_path *good)
{
    for (size_t i = 0; i + 1 < plan->count; i++) {
        plan->certificates[i].der = occ_sim_path_certificates(good)[i];
    }
    break_plan(rule, plan);
    return occ_sim_path_make(plan);
}

static void
keep_authorities(const char *folder, const struct occ_sim_path *path)
{
    (void)mkdir(folder, 0700); /* that there is none shows below */
    for (size_t i = 0; i < occ_sim_path_authority_count(path); i++) {
        char name[1024];
        authority_file(folder, i, name);
        write_file(name, occ_sim_path_certificates(path)[i]);
    }
}

static void
write_report(const struct options *options, const struct occ_sim_path *path, uint64_t time_ms)
{
    OCC_BUF_AUTO(key, 8192);
    OCC_BUF_AUTO(user_data, 8192);
    OCC_BUF_AUTO(nonce, 8192);
    OCC_BUF_AUTO(pcr0, 8192);
    struct occ_sim_document document;
    occ_sim_document_init(&document, path, time_ms);
    document.tagged = options->tagged;
    document.indefinite = options->indefinite;
    if (options->key != NULL) {
        document.public_key = OCC_SIM_BYTES(from_base64(options->key, &key));
    }
    if (options->user_data != NULL) {
        document.user_data = OCC_SIM_BYTES(from_hex(options->user_data, &user_data));
    }
    if (options->nonce != NULL) {
        document.nonce = OCC_SIM_BYTES(from_hex(options->nonce, &nonce));
    }
    if (options->pcr0 != NULL) {
        document.pcrs[0] = from_hex(options->pcr0, &pcr0);
    }
    break_document(options->rule, &document);
    OCC_BUF_AUTO(bytes, OCC_LIMIT_NITRO_DOCUMENT_LEN);
    OCC_BUF_AUTO(text, 2 * OCC_LIMIT_NITRO_DOCUMENT_LEN);
    occ_sim_document_put(&bytes, &document, path);
    occ_base64_put(&text, occ_buf_view(&bytes));
    occ_sim_needs(occ_is_ok(occ_buf_check(&bytes)) && occ_is_ok(occ_buf_check(&text)), "the document");
    write_file(options->report_out, occ_buf_view(&text));
}

int
main(int argc, char **argv)
{
    const struct options options = read_options(argc, argv);
    uint64_t time_ms = 0;
    if (!occ_is_ok(occ_decimal_to_u64(occ_bytes_str(options.time), &time_ms))) {
        refuse("not a number", options.time);
    }
    struct occ_sim_plan plan;
    occ_sim_plan_init(&plan, time_ms);
    plan.seed = options.seed;
    struct occ_sim_path *good = make_good(&options, &plan);
    if (options.ca_dir != NULL) {
        keep_authorities(options.ca_dir, good);
    }
    struct occ_sim_path *path = good;
    if (options.rule[0] != '\0') {
        path = make_broken(options.rule, &plan, good);
    }
    if (options.root_out != NULL) {
        OCC_BUF_AUTO(pem, 65536);
        occ_sim_pem_put(&pem, occ_sim_path_certificates(good)[0]);
        write_file(options.root_out, occ_buf_view(&pem));
    }
    write_report(&options, path, time_ms);
    if (path != good) {
        occ_sim_path_free(path);
    }
    occ_sim_path_free(good);
    return 0;
}
