/* memory.c — see memory.h. */
#include "os/memory.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/*
 * Without these, glibc raises both limits with the largest block that was ever freed, and keeps that much and more for ever. Lower
 * ones cost time: each page that goes and comes again is a fault.
 */
enum { OWN_MAPPING_LEN = 512 << 10, KEPT_FREE_LEN = 1 << 20 };

void
occ_memory_keep_small(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_LEN);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_FREE_LEN);
    (void)mallopt(M_ARENA_MAX, 1);
#endif
}

/*
 * Segments that were never writable are as the file has them. Those that were (relocated constants, too) are a part of one that is
 * marked writable here, whatever became of it later, and are left alone.
 */
static int
give_back_code(struct dl_phdr_info *object, size_t size, void *ctx)
{
    const uintptr_t page = *(const uintptr_t *)ctx;
    (void)size;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *const segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) {
            continue;
        }
        const uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
        const uintptr_t first = (begin + page - 1) / page * page;
        const uintptr_t end = (begin + segment->p_memsz) / page * page;
        if (first < end) {
            (void)madvise((void *)first, end - first, MADV_DONTNEED); /* advice: no harm if it is not taken */
        }
    }
    return 0;
}

void
occ_memory_give_back(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
    (void)dl_iterate_phdr(give_back_code, &page);
}
