/* client: one connection to the control socket of an instance. */
#ifndef REEVE_CLI_CLIENT_H
#define REEVE_CLI_CLIENT_H

#include "base/err.h"
#include "cli/frame.h"

struct client {
	int fd;
	struct frame_reader in;
};

/* How a connection ended before it began. */
enum client_open {
	CLIENT_OPEN,
	CLIENT_ABSENT,  /* no socket, nobody listens, or nobody takes the call */
	CLIENT_DENIED,  /* the caller may not reach the socket */
	CLIENT_REFUSED, /* anything else */
};

/* Connects to <base_dir>/control. Other than CLIENT_OPEN: a sentence. Never blocks for long. */
enum client_open client_open(struct client *c, const char *base_dir, struct err *e);
void client_close(struct client *c);

/* Sends a frame. -1: the other side is gone (errno). */
int client_send(struct client *c, const char *verb, uint32_t id, const char *payload, size_t length) MUST_USE;

/* Says who asks (the terminal's width (0: none, do not cut), colour, whether JSON is wanted) and sends a
 * verb, in one piece: an engine that has read the one has read the other. */
int client_ask(struct client *c, int json, uint32_t id, const char *words, size_t length) MUST_USE;

/* Only says who asks; `asks`: questions about destructive actions may come. */
int client_hello(struct client *c, int json, int asks) MUST_USE;

/* Takes what has arrived. 1: something; 0: the other side is gone. */
int client_read(struct client *c);

#endif
