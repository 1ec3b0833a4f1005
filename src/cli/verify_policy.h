/*
 * verify_policy.h — the policy of occ verify, from its flags.
 */
#ifndef OCC_CLI_VERIFY_POLICY_H
#define OCC_CLI_VERIFY_POLICY_H

#include "cli/cli.h"
#include "codec/json.h"

/*
 * The policy that --policy gives, or that --require-enforcement, --allow-key and --allow-measurement spell; not both.
 * *ret_policy is the caller's; NULL if none of them was given.
 */
OCC_RESULT occ_verify_policy_read(const struct occ_settings *settings, struct occ_error *err,
                                  struct occ_json **ret_policy);

#endif
