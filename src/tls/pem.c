/* pem: reads with pread(2), because the processes of a service share the descriptor. */
#include "tls/pem.h"

#include "tls/mistake.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

BIO *pem_read(int fd, struct reeve_error *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char piece[4096];
	off_t at = 0;
	ssize_t n = 0;

	while (bio != NULL && at <= PEM_MOST && (n = pread(fd, piece, sizeof piece, at)) > 0) {
		(void)BIO_write(bio, piece, (int)n);
		at += n;
	}
	if (bio != NULL && n == 0)
		return bio;
	(void)refuse(e, "cannot be read: %s", n < 0 ? strerror(errno) : "it is larger than 1 MiB");
	BIO_free(bio);
	return NULL;
}

const char *reason_of_openssl(const char *otherwise)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

	ERR_clear_error();
	return reason != NULL ? reason : otherwise;
}
