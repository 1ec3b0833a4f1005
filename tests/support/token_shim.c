/*
 * token_shim.c — a PKCS#11 library for tests: SoftHSM, behind a token that can be pulled out and that can sign wrongly.
 *
 * It goes by files beside the one that SOFTHSM2_CONF names: while ".away" is there the token is gone, while ".wrong" is there every
 * signature has a wrong bit; each try of a PIN adds a byte to ".logins". SoftHSM's own path is compiled in.
 *
 * A PKCS#11 2.40 function list is a version and 68 pointers in the order of the standard's §5; only those named here are looked at.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GET_TOKEN_INFO = 6, OPEN_SESSION = 12, LOGIN = 18, SIGN_INIT = 42, SIGN = 43, FUNCTIONS = 68 };
enum { CKR_OK = 0, CKR_GENERAL_ERROR = 5, CKR_DEVICE_REMOVED = 0x32, CKR_TOKEN_NOT_PRESENT = 0xE0 };

typedef void function(void);
struct function_list {
    unsigned char version[2];
    function *functions[FUNCTIONS];
};

static struct function_list *real, ours;

static int
open_file(const char *suffix, int flags)
{
    char path[4096];
    const char *settings = getenv("SOFTHSM2_CONF");
    (void)snprintf(path, sizeof path, "%s%s", settings == NULL ? "/nonexistent" : settings, suffix);
    return open(path, flags | O_CLOEXEC, 0600);
}

static int
has_file(const char *suffix)
{
    const int fd = open_file(suffix, O_RDONLY);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

typedef unsigned long two(unsigned long, void *);
static unsigned long
get_token_info(unsigned long slot, void *info)
{
    return has_file(".away") ? CKR_TOKEN_NOT_PRESENT : ((two *)real->functions[GET_TOKEN_INFO])(slot, info);
}

typedef unsigned long five(unsigned long, unsigned long, void *, void *, void *);
static unsigned long
open_session(unsigned long slot, unsigned long flags, void *application, void *notify, void *session)
{
    return has_file(".away") ? CKR_TOKEN_NOT_PRESENT
                             : ((five *)real->functions[OPEN_SESSION])(slot, flags, application, notify, session);
}

typedef unsigned long four(unsigned long, unsigned long, void *, unsigned long);
static unsigned long
login(unsigned long session, unsigned long user, void *pin, unsigned long pin_len)
{
    const int fd = open_file(".logins", O_WRONLY | O_CREAT | O_APPEND);
    if (fd < 0 || write(fd, ".", 1) != 1) {
        abort();
    }
    (void)close(fd);
    return ((four *)real->functions[LOGIN])(session, user, pin, pin_len);
}

typedef unsigned long three(unsigned long, void *, unsigned long);
static unsigned long
sign_init(unsigned long session, void *mechanism, unsigned long key)
{
    return has_file(".away") ? CKR_DEVICE_REMOVED : ((three *)real->functions[SIGN_INIT])(session, mechanism, key);
}

typedef unsigned long signing(unsigned long, void *, unsigned long, unsigned char *, unsigned long *);
static unsigned long
sign(unsigned long session, void *data, unsigned long data_len, unsigned char *signature, unsigned long *signature_len)
{
    if (has_file(".away")) {
        return CKR_DEVICE_REMOVED;
    }
    const unsigned long status = ((signing *)real->functions[SIGN])(session, data, data_len, signature, signature_len);
    if (status == CKR_OK && signature != NULL && has_file(".wrong")) {
        signature[5] ^= 1;
    }
    return status;
}

__attribute__((visibility("default"))) unsigned long C_GetFunctionList(struct function_list **list);

unsigned long
C_GetFunctionList(struct function_list **list)
{
    void *const library = dlopen(OCC_SOFTHSM, RTLD_NOW | RTLD_LOCAL);
    void *const symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
    unsigned long (*get)(struct function_list **) = NULL;
    *(void **)&get = symbol; /* as dlsym's page does it */
    if (get == NULL || get(&real) != CKR_OK) {
        return CKR_GENERAL_ERROR;
    }
    ours = *real;
    ours.functions[GET_TOKEN_INFO] = (function *)get_token_info;
    ours.functions[OPEN_SESSION] = (function *)open_session;
    ours.functions[LOGIN] = (function *)login;
    ours.functions[SIGN_INIT] = (function *)sign_init;
    ours.functions[SIGN] = (function *)sign;
    *list = &ours;
    return CKR_OK;
}
