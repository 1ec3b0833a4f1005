#include <stdlib.h>

#include "base/buf.h"
#include "base/decimal.h"
#include "settings/internal.h"

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* From the largest: the first that divides a number writes it; NULL ends. */
static const struct unit size_units[] = {
    { "G", 1u << 30 }, { "M", 1u << 20 }, { "k", 1u << 10 }, { "", 1 }, { NULL, 0 }
};
static const struct unit time_units[] = { { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 } };
static const struct unit plain_units[] = { { "", 1 }, { NULL, 0 } };

static const struct unit *
units_of(enum occ_setting_type type)
{
    switch (type) {
    case OCC_SETTING_SIZE:
        return size_units;
    case OCC_SETTING_TIME:
        return time_units;
    case OCC_SETTING_SWITCH:
    case OCC_SETTING_TEXT:
    case OCC_SETTING_NUMBER:
    case OCC_SETTING_CHOICE:
    default:
        return plain_units;
    }
}

static void
put_number(struct occ_buf *buf, const struct unit *units, uint64_t number)
{
    const struct unit *unit = units;
    while (unit->factor != 1 && (number == 0 || number % unit->factor != 0)) {
        unit++;
    }
    occ_buf_put_u64(buf, number / unit->factor);
    occ_buf_put_str(buf, unit->suffix);
}

void
occ_typed_put_range(const struct occ_setting *setting, struct occ_buf *buf)
{
    const struct unit *units = units_of(setting->type);
    put_number(buf, units, setting->min);
    if (setting->max == 0) {
        occ_buf_put_str(buf, " or more");
        return;
    }
    occ_buf_put_str(buf, " to ");
    put_number(buf, units, setting->max);
}

/* Digits and a suffix of units. False if it is not that, or does not fit. */
static bool
read_number(struct occ_bytes text, const struct unit *units, uint64_t *ret)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9') {
        digits++;
    }
    uint64_t number = 0;
    if (!occ_is_ok(occ_decimal_to_u64(occ_bytes_of(text.ptr, digits), &number))) {
        return false;
    }
    const struct occ_bytes suffix = occ_bytes_of(text.ptr + digits, text.len - digits);
    for (const struct unit *unit = units; unit->suffix != NULL; unit++) {
        if (occ_bytes_is(suffix, unit->suffix)) {
            if (number > UINT64_MAX / unit->factor) {
                return false;
            }
            *ret = number * unit->factor;
            return true;
        }
    }
    return false;
}

static OCC_RESULT
set_text(struct occ_settings_value *value, struct occ_bytes text, const char *where, struct occ_error *err)
{
    char *copy = strndup((const char *)text.ptr, text.len);
    if (copy == NULL) {
        return occ_error_set(err, OCC_ERR_NOMEM, "%s: out of memory", where);
    }
    free(value->text);
    value->text = copy;
    return occ_success();
}

static OCC_RESULT
set_number(struct occ_settings_value *value, const struct occ_setting *setting, struct occ_bytes text,
           const char *where, struct occ_error *err)
{
    uint64_t number = 0;
    const bool read = read_number(text, units_of(setting->type), &number);
    if (read && number >= setting->min && (setting->max == 0 || number <= setting->max)) {
        value->number = number;
        return set_text(value, text, where, err);
    }
    OCC_BUF_AUTO(range, 128);
    if (setting->max != 0) {
        occ_buf_put_str(&range, "between ");
        put_number(&range, units_of(setting->type), setting->min);
        occ_buf_put_str(&range, " and ");
        put_number(&range, units_of(setting->type), setting->max);
    } else {
        occ_buf_put_str(&range, "of ");
        occ_typed_put_range(setting, &range);
    }
    const char *kind = "a number";
    const char *how = "";
    if (setting->type == OCC_SETTING_SIZE) {
        kind = "a size";
        how = " (bytes, or with k, M or G)";
    } else if (setting->type == OCC_SETTING_TIME) {
        kind = "a time";
        how = " (a whole number with ms, s, m or h)";
    }
    return occ_error_set(err, OCC_ERR_USAGE, "%s: \"%.*s\" is not %s %.*s%s", where,
                         (int)(text.len > 60 ? 60 : text.len), (const char *)text.ptr, kind,
                         OCC_BYTES_ARG(occ_buf_view(&range)), how);
}

/* Whether text is one of the words in "a|b|c"; if not, *list says them as "a, b, c". */
static bool
is_choice(const char *choices, struct occ_bytes text, struct occ_buf *list)
{
    const char *word = choices;
    for (;;) {
        const size_t len = strcspn(word, "|");
        if (occ_bytes_equal(occ_bytes_of(word, len), text)) {
            return true;
        }
        occ_buf_put(list, occ_bytes_of(word, len));
        word += len;
        if (*word == '\0') {
            return false;
        }
        occ_buf_put_str(list, ", ");
        word++;
    }
}

static OCC_RESULT
set_choice(struct occ_settings_value *value, const struct occ_setting *setting, struct occ_bytes text,
           const char *where, struct occ_error *err)
{
    OCC_BUF_AUTO(list, 512);
    if (!is_choice(setting->choices, text, &list)) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: \"%.*s\" is not one of %.*s", where,
                             (int)(text.len > 60 ? 60 : text.len), (const char *)text.ptr,
                             OCC_BYTES_ARG(occ_buf_view(&list)));
    }
    return set_text(value, text, where, err);
}

static OCC_RESULT
set_switch(struct occ_settings_value *value, struct occ_bytes text, const char *where, struct occ_error *err)
{
    const bool on = occ_bytes_is(text, "true");
    if (!on && !occ_bytes_is(text, "false")) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: \"%.*s\" is neither true nor false", where,
                             (int)(text.len > 60 ? 60 : text.len), (const char *)text.ptr);
    }
    value->on = on;
    return occ_success();
}

static OCC_RESULT
set_by_type(struct occ_settings_value *value, const struct occ_setting *setting, struct occ_bytes text,
            const char *where, struct occ_error *err)
{
    if (text.len == 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: is empty, expected %s", where,
                             setting->argument == NULL ? "true or false" : setting->argument);
    }
    switch (setting->type) {
    case OCC_SETTING_SWITCH:
        return set_switch(value, text, where, err);
    case OCC_SETTING_TEXT:
        return set_text(value, text, where, err);
    case OCC_SETTING_NUMBER:
    case OCC_SETTING_SIZE:
    case OCC_SETTING_TIME:
        return set_number(value, setting, text, where, err);
    case OCC_SETTING_CHOICE:
        return set_choice(value, setting, text, where, err);
    default:
        return occ_error_code(err, OCC_ERR_INTERNAL);
    }
}

struct occ_result
occ_typed_set(struct occ_settings_value *value, const struct occ_setting *setting, struct occ_bytes text,
              enum occ_settings_source source, const char *where, struct occ_error *err)
{
    OCC_TRY(set_by_type(value, setting, text, where, err));
    value->source = source;
    return occ_success();
}
