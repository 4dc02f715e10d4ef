/* place: where something can be asked whether it answers: "tcp:127.0.0.1:8080", "tcp:[::1]:80",
 * "unix:/run/x.sock". */
#ifndef REEVE_MASTER_PLACE_H
#define REEVE_MASTER_PLACE_H

#include "base/err.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un path;
	} at;
	socklen_t len; /* 0: there is none */
};

/* Addresses are numbers and paths absolute: names were resolved by the engine. -1: a sentence. */
int place_parse(const char *text, struct place *out, struct err *e) MUST_USE;

#endif
