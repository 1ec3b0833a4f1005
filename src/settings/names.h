/*
 * names.h — what a WebAuthn authorization may be for, as settings of both programs say it. A name of another form never matches
 * what a browser writes; taken in silence, it would be found out when authorizations are refused.
 */
#ifndef OCC_SETTINGS_NAMES_H
#define OCC_SETTINGS_NAMES_H

#include <stdbool.h>

#define OCC_NAMES_RP_ID_EXPECTED "a host's name, like example.com"
#define OCC_NAMES_ORIGIN_EXPECTED "an origin, like https://example.com, without a path"

bool occ_names_is_rp_id(const char *text);
bool occ_names_is_origin(const char *text);

#endif
