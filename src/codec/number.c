/* number.c — number text as ECMAScript has it. */
#include "codec/number.h"

#include <math.h>

#include "codec/number_shim.h"

/* DBL_MAX has 309 digits. */
enum { MAX_INTEGER_DIGITS = 309 };

/* Integers below 2^53 are their own shortest text. */
static size_t
format_integer(int64_t number, char ret_text[OCC_NUMBER_TEXT_SIZE])
{
    char reversed[OCC_NUMBER_TEXT_SIZE];
    uint64_t rest = number < 0 ? (uint64_t)-number : (uint64_t)number;
    size_t count = 0;
    do {
        reversed[count] = (char)('0' + rest % 10);
        rest /= 10;
        count++;
    } while (rest != 0);
    size_t len = 0;
    if (number < 0) {
        ret_text[len] = '-';
        len++;
    }
    while (count > 0) {
        count--;
        ret_text[len] = reversed[count];
        len++;
    }
    ret_text[len] = '\0';
    return len;
}

size_t
occ_number_format(double number, char ret_text[OCC_NUMBER_TEXT_SIZE])
{
    const double two_to_53 = 9007199254740992.0;
    if (fabs(number) < two_to_53 && trunc(number) == number) {
        return format_integer((int64_t)number, ret_text);
    }
    return occ_number_shim_to_text(number, ret_text, OCC_NUMBER_TEXT_SIZE);
}

/* The next significant digit of printed text ("1.25e+23"); '0' once they are used up. */
static char
next_digit(const char **text)
{
    if (**text == '.') {
        (*text)++;
    }
    if (**text < '0' || **text > '9') {
        return '0';
    }
    const char digit = **text;
    (*text)++;
    return digit;
}

/* How many digits the integer has that text prints: those before the point, or the exponent + 1. */
static size_t
integer_length(const char *text)
{
    size_t digits = 0;
    while (text[digits] >= '0' && text[digits] <= '9') {
        digits++;
    }
    const char *exponent = strchr(text, 'e');
    if (exponent == NULL) {
        return digits;
    }
    size_t value = 0;
    for (const char *at = exponent + 2; *at != '\0'; at++) { /* past "e+" */
        value = value * 10 + (size_t)(*at - '0');
    }
    return value + 1;
}

bool
occ_number_integer_survives(struct occ_bytes literal)
{
    const bool negative = literal.len > 0 && literal.ptr[0] == '-';
    const struct occ_bytes digits = negative ? occ_bytes_of(literal.ptr + 1, literal.len - 1) : literal;
    if (digits.len == 0 || digits.len > MAX_INTEGER_DIGITS) {
        return false;
    }
    const double number = occ_number_shim_from_text((const char *)digits.ptr, digits.len);
    if (!isfinite(number)) {
        return false;
    }
    char text[OCC_NUMBER_TEXT_SIZE];
    (void)occ_number_format(number, text);
    if (integer_length(text) != digits.len) {
        return false;
    }
    const char *at = text;
    for (size_t i = 0; i < digits.len; i++) {
        if (next_digit(&at) != (char)digits.ptr[i]) {
            return false;
        }
    }
    return true;
}
