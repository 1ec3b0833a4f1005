/*
 * memory.h — how much memory the process holds, beside what it asked for.
 */
#ifndef OCC_OS_MEMORY_H
#define OCC_OS_MEMORY_H

/*
 * For a small process that lives long: what is freed goes back to the system soon, and threads share one heap. To be called first of
 * all. Does nothing where the C library has no such settings.
 */
void occ_memory_keep_small(void);
/*
 * Gives back what the start took and the work does not need: freed memory, and pages of code and constants of the program and its
 * libraries. Of those nothing is lost: what is used again comes back from the file by itself. Opens nothing.
 */
void occ_memory_give_back(void);

#endif
