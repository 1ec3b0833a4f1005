/* pin.c — see pin.h. */
#include "enclave/pin.h"

#include <sys/stat.h>

#include "crypto/secret.h"
#include "enclave/notice.h"
#include "os/file.h"

enum { ROOM = OCC_PIN_LEN_MAX + 2 /* a line end */ };

static const char name[] = "OCC_ENCLAVE_PIN=";

void
occ_pin_clear(struct occ_pin *pin)
{
    occ_secret_free(pin->memory);
    *pin = (struct occ_pin){ 0 };
}

void
occ_pin_wipe_environment(char **envp)
{
    for (; *envp != NULL; envp++) {
        if (strncmp(*envp, name, sizeof name - 1) == 0) {
            occ_secret_wipe(*envp + sizeof name - 1, strlen(*envp + sizeof name - 1));
        }
    }
}

static void
note_if_open(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0) {
        const struct occ_notice_field field = { "file", path };
        occ_notice_write("warn", "every user of this machine can read the PIN; chmod 600 would keep it", &field, 1);
    }
}

/* Straight into locked memory, so that no copy stays behind. */
static OCC_RESULT
read_file(const char *path, struct occ_error *err, uint8_t *ret, size_t *ret_len)
{
    int fd = -1;
    uint64_t size = 0;
    OCC_TRY(occ_file_open(path, err, &fd, &size));
    size_t len = 0;
    size_t got = 1;
    struct occ_result read = occ_success();
    while (occ_is_ok(read) && got > 0 && len < ROOM) {
        read = occ_file_read_some(fd, err, ret + len, ROOM - len, &got);
        len += occ_is_ok(read) ? got : 0;
    }
    occ_file_close(fd);
    OCC_TRY(read);
    if (len > 0 && ret[len - 1] == '\n') {
        len--;
    }
    if (len > 0 && ret[len - 1] == '\r') {
        len--;
    }
    *ret_len = len;
    return occ_success();
}

/* False: it is not there. */
static bool
read_environment(char *const *envp, uint8_t *ret, size_t *ret_len)
{
    for (; *envp != NULL; envp++) {
        const struct occ_bytes value = occ_bytes_str(*envp + sizeof name - 1);
        if (strncmp(*envp, name, sizeof name - 1) == 0 && value.len > 0) {
            memcpy(ret, value.ptr, value.len < ROOM ? value.len : ROOM);
            *ret_len = value.len;
            return true;
        }
    }
    return false;
}

static OCC_RESULT
fill(const char *path, char *const *envp, struct occ_error *err, uint8_t *ret, size_t *ret_len)
{
    const char *const where = path == NULL ? "OCC_ENCLAVE_PIN" : path;
    if (path != NULL) {
        OCC_TRY(read_file(path, err, ret, ret_len));
        note_if_open(path);
    } else if (!read_environment(envp, ret, ret_len)) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "a hardware token needs its PIN: by --pin-file, or OCC_ENCLAVE_PIN in the environment");
    }
    if (*ret_len == 0 || *ret_len > OCC_PIN_LEN_MAX) {
        return occ_error_set(err, OCC_ERR_USAGE, "%.200s: %s for a PIN, expected 1 to %d bytes", where,
                             *ret_len == 0 ? "empty" : "too long", (int)OCC_PIN_LEN_MAX);
    }
    return occ_success();
}

struct occ_result
occ_pin_read(const char *path, char *const *envp, struct occ_error *err, struct occ_pin *ret_pin)
{
    struct occ_pin pin = { 0 };
    if (!occ_is_ok(occ_secret_new(ROOM, &pin.memory))) {
        return occ_error_set(err, OCC_ERR_NOMEM,
                             "no locked memory for the PIN: is the limit on locked memory (ulimit -l) too low?");
    }
    size_t len = 0;
    const struct occ_result filled = fill(path, envp, err, pin.memory, &len);
    if (!occ_is_ok(filled)) {
        occ_pin_clear(&pin);
        return filled;
    }
    pin.text = occ_bytes_of(pin.memory, len);
    *ret_pin = pin;
    return occ_success();
}
