/* ending: how a process ended, in words for people: status and its reason, signal, core or why there is none.
 */
#ifndef REEVE_MASTER_ENDING_H
#define REEVE_MASTER_ENDING_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* "process 17 ended with status 83 (out of memory; raise vsz_limit, it is 256M)". `vsz`: its vsz_limit. */
void ending_explain(int pid, int64_t vsz, const siginfo_t *si, char *out, size_t room);

#endif
