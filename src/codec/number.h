/*
 * number.h — doubles to and from text exactly as ECMAScript does, independent of the locale (libdouble-conversion).
 */
#ifndef OCC_CODEC_NUMBER_H
#define OCC_CODEC_NUMBER_H

#include "base/bytes.h"
#include "base/result.h"

enum { OCC_NUMBER_TEXT_SIZE = 32 };

/* Writes a finite number's shortest text (Number::toString; -0 is "0") and a zero byte; returns the length. */
size_t occ_number_format(double number, char ret_text[OCC_NUMBER_TEXT_SIZE]);
/*
 * True if the JSON integer literal (optional '-', digits, nothing else) is a value that a double holds so that it prints
 * as the same integer: 9007199254740993 is not, 100000000000000000000000 is (it prints as 1e+23).
 */
bool occ_number_integer_survives(struct occ_bytes literal);

#endif
