// number_shim.cc — libdouble-conversion, V8's own number text, for C.
#include "codec/number_shim.h"

#include <new>

#include <double-conversion/double-conversion.h>

using double_conversion::DoubleToStringConverter;
using double_conversion::StringBuilder;
using double_conversion::StringToDoubleConverter;

size_t
occ_number_shim_to_text(double number, char *text, size_t size)
{
    // ECMA-262 Number::toString: exponent form below 1e-6 and from 1e21 on, "e+21", no "-0".
    const int flags = DoubleToStringConverter::UNIQUE_ZERO | DoubleToStringConverter::EMIT_POSITIVE_EXPONENT_SIGN;
    const DoubleToStringConverter converter(flags, nullptr, nullptr, 'e', -6, 21, 0, 0);
    // Never destroyed, so that no unwinding code is made and a C linker is enough; it owns nothing.
    alignas(StringBuilder) unsigned char room[sizeof(StringBuilder)];
    StringBuilder *builder = new (room) StringBuilder(text, static_cast<int>(size));
    converter.ToShortest(number, builder);
    const int length = builder->position();
    builder->Finalize();
    return static_cast<size_t>(length);
}

double
occ_number_shim_from_text(const char *text, size_t len)
{
    const StringToDoubleConverter converter(StringToDoubleConverter::NO_FLAGS, 0.0, 0.0, nullptr, nullptr);
    int used = 0;
    return converter.StringToDouble(text, static_cast<int>(len), &used);
}
