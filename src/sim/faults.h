/*
 * faults.h — what a test makes the simulated device do wrong, said by lines that it appends to a file.
 *
 * The file is opened once and read on before each call, so that a process which may open nothing any more can be driven. A line
 * is a word and, where noted, a number; the last word counts, for its next N calls or, without N, until the next line.
 *
 *   ok                   as it should be
 *   fail [N]             the call fails, as an ioctl does
 *   fail-after N         N documents are as they should be, and then every call fails
 *   refuse [N]           the answer is {"Error":"InternalError"}
 *   garbage [N]          the answer is bytes that are no CBOR
 *   truncated [N]        half of the right answer
 *   hang                 no answer, until the next line
 *   wrong-user-data [N], wrong-nonce [N], wrong-key [N], wrong-pcr [N]
 *                        a document, signed as it should be, about something else than was asked for
 *   delay MS             each document takes so long; stays, whatever comes later
 *   clock MS             the device's clock is so far ahead (negative: behind); stays likewise
 *
 * Lines about documents leave the other calls alone, and are not used up by them.
 */
#ifndef OCC_SIM_FAULTS_H
#define OCC_SIM_FAULTS_H

#include "base/bytes.h"
#include "base/result.h"

enum occ_sim_fault {
    OCC_SIM_FAULT_NONE,
    OCC_SIM_FAULT_FAIL,
    OCC_SIM_FAULT_REFUSE,
    OCC_SIM_FAULT_GARBAGE,
    OCC_SIM_FAULT_TRUNCATED,
    OCC_SIM_FAULT_HANG,
    OCC_SIM_FAULT_USER_DATA,
    OCC_SIM_FAULT_NONCE,
    OCC_SIM_FAULT_KEY,
    OCC_SIM_FAULT_PCR
};

enum { OCC_SIM_FAULT_LINE_LEN = 64 };

struct occ_sim_faults {
    int fd; /* of the file; -1: nothing goes wrong */
    enum occ_sim_fault fault;
    bool counted;
    uint64_t left;   /* calls, if counted */
    uint64_t passes; /* documents before the fault begins */
    uint64_t delay_ms;
    int64_t clock_ms;
    char line[OCC_SIM_FAULT_LINE_LEN]; /* of one that has not ended yet */
    size_t line_len;
};

/* path NULL: no file. delay_ms: until a line says otherwise. Errors: as occ_file_open. */
OCC_RESULT occ_sim_faults_open(const char *path, uint64_t delay_ms, struct occ_error *err,
                               struct occ_sim_faults *ret_faults);
void occ_sim_faults_close(struct occ_sim_faults *faults);
/*
 * Reads the lines that were appended, waits as long as they say "hang", and says what is to go wrong with this call.
 * OCC_ERR_ATTESTER: a line that says nothing known.
 */
OCC_RESULT occ_sim_faults_next(struct occ_sim_faults *faults, bool about_document, struct occ_error *err,
                               enum occ_sim_fault *ret_fault);

#endif
