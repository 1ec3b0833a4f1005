/* process.c — see process.h. */
#include "os/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

bool
occ_process_fill_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) {
            return false;
        }
    }
    return true;
}

static uint64_t
microseconds(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

/* proc(5): /proc/PID/statm has pages; the second number is what is resident. */
static uint64_t
resident_pages(void)
{
    char text[128];
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    const ssize_t len = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    text[len < 0 ? 0 : len] = '\0';
    const char *digit = text + strcspn(text, " ");
    uint64_t pages = 0;
    for (digit += *digit == ' '; *digit >= '0' && *digit <= '9'; digit++) {
        pages = pages * 10 + (uint64_t)(*digit - '0');
    }
    return pages;
}

static uint64_t
open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    uint64_t count = 0;
    if (folder == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(folder);
    return count == 0 ? 0 : count - 1; /* without the folder's own */
}

void
occ_process_get_usage(struct occ_process_usage *ret_usage)
{
    struct rusage usage = { 0 };
    struct rlimit limit = { 0 };
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    const long page_len = sysconf(_SC_PAGESIZE);
    *ret_usage = (struct occ_process_usage){
        .cpu_us = microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime),
        .resident_len = resident_pages() * (page_len < 0 ? 0 : (uint64_t)page_len),
        .descriptors = open_descriptors(),
        .descriptors_max = limit.rlim_cur,
    };
}
