/* number_shim.h — the C side of number_shim.cc; inside codec only. */
#ifndef OCC_CODEC_NUMBER_SHIM_H
#define OCC_CODEC_NUMBER_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ECMAScript Number::toString of a finite number into text (size bytes, 26 are enough) with a zero byte; the length. */
size_t occ_number_shim_to_text(double number, char *text, size_t size);
/* The double nearest to a decimal literal (digits, optional '-'); infinity if it overflows. */
double occ_number_shim_from_text(const char *text, size_t len);

#ifdef __cplusplus
}
#endif
#endif
