/*
 * verify_policy.h — the policy of occ verify, from its flags.
 */
#ifndef OCC_CLI_VERIFY_POLICY_H
#define OCC_CLI_VERIFY_POLICY_H

#include "cli/cli.h"
#include "codec/json.h"

/* Rows for a command's table. */
#define OCC_VERIFY_POLICY_SETTINGS \
    { .name = "policy", \
      .type = OCC_SETTING_TEXT, \
      .argument = "POLICY", \
      .help = "What a proof must meet: a JSON object, or the name of a file with one." }, \
        { .name = "require-enforcement", \
          .type = OCC_SETTING_CHOICE, \
          .argument = "TIER", \
          .choices = "stub|hw-key|measured-tee", \
          .help = "Refuse any other tier." }, \
        { .name = "allow-key", \
          .type = OCC_SETTING_TEXT, \
          .argument = "KEY[,KEY...]", \
          .help = "Refuse any other public key (base64, as \"occ key\" prints it)." }, \
    { \
        .name = "allow-measurement", .type = OCC_SETTING_TEXT, .argument = "TEXT[,TEXT...]", \
        .help = "Refuse any other measurement." \
    }

/* What is trusted is said on the command line, or it is not: a verdict must not depend on what a shell was left with. */
#define OCC_VERIFY_NO_ENVIRONMENT(name) NULL

/*
 * The policy that --policy gives, or that --require-enforcement, --allow-key and --allow-measurement spell; not both.
 * *ret_policy is the caller's; NULL if none of them was given.
 */
OCC_RESULT occ_verify_policy_read(const struct occ_settings *settings, struct occ_error *err,
                                  struct occ_json **ret_policy);

#endif
