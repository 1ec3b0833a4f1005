/* occ.h — all of libocc. */
#ifndef OCC_OCC_H
#define OCC_OCC_H

#include <occ/codes.h>
#include <occ/verify.h>

#endif
