/* proxy_parts: what the files of proxy share. */
#ifndef REEVE_WORKER_PROXY_PARTS_H
#define REEVE_WORKER_PROXY_PARTS_H

#include "worker/reeve.h"

#define V2_FIXED 16 /* bytes of a header of version 2 before its addresses */

extern const unsigned char proxy_signature[12]; /* of version 2 */

/* The client came over TLS, with a certificate in this connection, with one in this TLS session. */
enum { CLIENT_SSL = 0x01, CLIENT_CONNECTION = 0x02, CLIENT_SESSION = 0x04 };

static inline size_t number16(const unsigned char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Each reads a whole header of its version. -1 and a sentence: it breaks a rule. */
int proxy_parse_v1(struct reeve_proxy *p, const char *text, size_t len, struct reeve_error *e)
	__attribute__((warn_unused_result));
int proxy_parse_v2(struct reeve_proxy *p, const unsigned char *header, size_t len, struct reeve_error *e)
	__attribute__((warn_unused_result));

#endif
