/*
 * c_locale.h — the C locale for this thread, for the time of a call into a library that asks the locale for its decimal
 * point. A program that libocc is part of may run in any locale, and what a proof says must not depend on it.
 */
#ifndef OCC_BASE_C_LOCALE_H
#define OCC_BASE_C_LOCALE_H

#include "base/result.h"

/* What to go back to. */
struct occ_c_locale {
    void *entered;
    void *before;
};

/* Puts this thread, and no other, into the C locale. OCC_ERR_NOMEM. Opens no file. */
OCC_RESULT occ_c_locale_enter(struct occ_c_locale *ret_locale);
/* Goes back. */
void occ_c_locale_leave(struct occ_c_locale *locale);

#endif
