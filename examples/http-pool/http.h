/* http: reads one HTTP/1.x request head and writes one response. Pure: no sockets, no clock. */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define HTTP_HEAD_LIMIT 8192 /* request line and headers together */

struct http_request {
	char method[16];
	char path[256]; /* without the query */
	bool keep_alive;
	bool has_body; /* we do not read bodies: answer, then hang up */
	int error;     /* status to answer instead; 0: none. Hang up after it */
};

/* The length of the head at the start of `text`; 0: it is not all there yet. What cannot be a request is a
 * head with `error` set, of any length. */
size_t http_parse(struct http_request *r, const char *text, size_t len);

/* Writes a whole response to `r` (without the body for HEAD) and returns its length, at most `room`. */
size_t http_respond(
	char *out, size_t room, const struct http_request *r, int status, const char *body, time_t now);

#endif
