/* proxy: the header of the PROXY protocol, versions 1 and 2, that a load balancer puts before a client's
 * bytes. Pure: no descriptors, no clock. The rules are those of haproxy's doc/proxy-protocol.txt
 * (2026-01-15). */
#ifndef REEVE_WORKER_PROXY_H
#define REEVE_WORKER_PROXY_H

#include "worker/reeve.h"

#define PROXY_MOST 4096 /* a whole header; the protocol asks that 536 bytes are enough for a sender */

/* Looks at the first `len` bytes of a connection. *own: how many of them are the header's and may be read off
 * the socket; never one of what follows it. *whole: that is all of it. -1 and a sentence: it is none. */
int proxy_measure(const unsigned char *bytes, size_t len, size_t *own, bool *whole, struct reeve_error *e)
	__attribute__((warn_unused_result));

/* Reads a whole header. proxy->tlvs points into `header`. -1 and a sentence: it breaks a rule. */
int proxy_parse(struct reeve_proxy *proxy, const unsigned char *header, size_t len, struct reeve_error *e)
	__attribute__((warn_unused_result));

/* CRC32C (Castagnoli), as RFC 3309 has it. */
uint32_t proxy_crc(uint32_t before, const unsigned char *bytes, size_t len);

#endif
