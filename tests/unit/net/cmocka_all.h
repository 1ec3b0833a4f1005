/* cmocka_all.h — cmocka with what it wants included before it. */
#ifndef OCC_TESTS_CMOCKA_ALL_H
#define OCC_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
