/* names.c — see names.h. */
#include "settings/names.h"

#include <string.h>

bool
occ_names_is_rp_id(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] == '\0';
}

/*
 * What a browser calls an origin has no path, not even "/", and an entry with one would never match; an app's is a text of its
 * own, like "android:apk-key-hash:…".
 */
bool
occ_names_is_origin(const char *text)
{
    const char *scheme_end = strstr(text, "://");
    const bool has_path = scheme_end != NULL && (scheme_end[3] == '\0' || strpbrk(scheme_end + 3, "/?#") != NULL);
    return strchr(text, ':') != NULL && strpbrk(text, " \t") == NULL && !has_path;
}
