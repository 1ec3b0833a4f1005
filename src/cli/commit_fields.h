/*
 * commit_fields.h — what occ commit asks for beside digests and metadata: an actor's agency, a slot, a chain, and the values that
 * are signed (PROTOCOL §3, §4, §6); in the request, and in the proofs that come back.
 */
#ifndef OCC_CLI_COMMIT_FIELDS_H
#define OCC_CLI_COMMIT_FIELDS_H

#include "cli/actor_key.h"
#include "codec/json.h"

/* The settings, as entries of a command's table. */
#define OCC_COMMIT_FIELD_SETTINGS \
    { .name = "actor-key", \
      .type = OCC_SETTING_TEXT, \
      .argument = "KEY", \
      .help = "Authorize each commit with this P-256 key: a private key in PEM, or pkcs11:... for one in a hardware " \
              "token. Its " \
              "public half and its signature stand in the proof." }, \
        OCC_ACTOR_KEY_SETTINGS, \
        { .name = "actor-provider", \
          .type = OCC_SETTING_TEXT, \
          .argument = "NAME", \
          .help = "What the proof says of where the key is kept; without it pem-file or pkcs11. Nobody checks it." }, \
        { .name = "chain", \
          .type = OCC_SETTING_TEXT, \
          .argument = "ID", \
          .help = "Commit on this chain of the server; without it on the default one." }, \
        { .name = "slot", \
          .type = OCC_SETTING_TEXT, \
          .argument = "SLOT", \
          .help = "Use a slot that \"occ slot\" allocated, for one digest: the file with it, or its slotId." }, \
        { .name = "attribution", \
          .type = OCC_SETTING_TEXT, \
          .argument = "JSON", \
          .help = "A JSON object, or @FILE with one, to stand in every proof as \"attribution\", signed; and the " \
                  "next two." }, \
        { .name = "bind-policy", \
          .type = OCC_SETTING_TEXT, \
          .argument = "JSON", \
          .help = "The same as \"policy\": the rules that the commit was made under." }, \
    { \
        .name = "principal", .type = OCC_SETTING_TEXT, .argument = "JSON", \
        .help = "The same as \"principal\": on whose behalf." \
    }

enum {
    OCC_COMMIT_SIGNED_VALUES = 3, /* attribution, policy, principal */
    OCC_COMMIT_PROVIDER_LEN = 128 /* bytes of --actor-provider */
};

struct occ_commit_fields {
    const char *chain_id;                            /* or NULL; borrowed from the settings or from slot_root */
    struct occ_buf chain_buf;                        /* that of a slot */
    struct occ_buf values[OCC_COMMIT_SIGNED_VALUES]; /* canonical text; empty = none */
    struct occ_buf slot_id;                          /* with a zero byte; empty = no slot */
    struct occ_json *slot_root;                      /* what occ slot printed, or NULL; owned */
    const struct occ_json *slot;                     /* its slot, or NULL: only the id is known */
    struct occ_p256 *actor;                          /* or NULL; owned */
    const char *provider;                            /* borrowed */
};

/*
 * Reads and checks the settings, and opens the key. Begin with { 0 }; clear in any case. Codes: OCC_ERR_USAGE, those of
 * occ_actor_key_open and occ_input_json_flag.
 */
OCC_RESULT occ_commit_fields_init(struct occ_commit_fields *fields, const struct occ_cli *cli,
                                  const struct occ_settings *settings, struct occ_error *err);
void occ_commit_fields_clear(struct occ_commit_fields *fields);

/* Appends the members of a request's own, each with a comma in front. */
void occ_commit_fields_put(const struct occ_commit_fields *fields, struct occ_buf *buf);
/* Bytes that the fields add to a request, to each of its digests, and to each proof; about. */
size_t occ_commit_fields_request_len(const struct occ_commit_fields *fields);
size_t occ_commit_fields_digest_len(const struct occ_commit_fields *fields);
size_t occ_commit_fields_proof_len(const struct occ_commit_fields *fields);

/*
 * Holds a proof that verified against what was asked: chain, slot, attribution, and policy and principal where they were given
 * (a server may bind its own otherwise). agency: the canonical text that was sent, or empty. OCC_ERR_PROOF_STRUCTURE: then
 * *ret_what names what differs ("chain").
 */
OCC_RESULT occ_commit_fields_check(const struct occ_commit_fields *fields, struct occ_bytes agency,
                                   const struct occ_json *proof, const char **ret_what);

#endif
