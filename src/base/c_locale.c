/* c_locale.c — uselocale and back. */
#include "base/c_locale.h"

#include <locale.h>

struct occ_result
occ_c_locale_enter(struct occ_c_locale *ret_locale)
{
    /* glibc and musl answer this with a static object: no allocation, no file. */
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    OCC_ENSURE(c != (locale_t)0, OCC_ERR_NOMEM);
    ret_locale->entered = c;
    ret_locale->before = uselocale(c);
    return occ_success();
}

void
occ_c_locale_leave(struct occ_c_locale *locale)
{
    (void)uselocale((locale_t)locale->before);
    freelocale((locale_t)locale->entered);
    *locale = (struct occ_c_locale){ 0 };
}
