/* front: OpenSSL's ways of saying "not now", as one. */
#include "tls/front.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* A client that closes without close_notify has ended, as it would have without TLS: what it needed to say
 * whole, its protocol says. */
static ssize_t ssl_result(struct front *f, int r)
{
	int error = SSL_get_error(f->ssl, r);
	unsigned long queued = ERR_peek_last_error();

	ERR_clear_error();
	switch (error) {
	case SSL_ERROR_WANT_READ:
		f->wants |= EPOLLIN;
		return FRONT_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		f->wants |= EPOLLOUT;
		return FRONT_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return ERR_GET_REASON(queued) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? 0 : FRONT_BROKEN;
	}
}

static ssize_t plain_result(struct front *f, ssize_t n, uint32_t event)
{
	if (n >= 0)
		return n;
	if (errno != EAGAIN && errno != EINTR)
		return FRONT_BROKEN;
	f->wants |= event;
	return FRONT_AGAIN;
}

ssize_t front_read(struct front *f, void *to, size_t room)
{
	int n;

	if (f->ssl == NULL)
		return plain_result(f, recv(f->fd, to, room, 0), EPOLLIN);
	n = SSL_read(f->ssl, to, (int)room);
	return n > 0 ? n : ssl_result(f, n);
}

ssize_t front_write(struct front *f, const void *from, size_t len)
{
	ssize_t n;

	if (f->ssl == NULL)
		return plain_result(f, send(f->fd, from, len, MSG_NOSIGNAL), EPOLLOUT);
	n = SSL_write(f->ssl, from, (int)len);
	if (n <= 0)
		n = ssl_result(f, (int)n);
	return n != 0 ? n : FRONT_BROKEN;
}

/* What is wrong with the client's certificate says more than that something is. */
static const char *reason(const struct front *f)
{
	long verified = SSL_get_verify_result(f->ssl);
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	return text != NULL ? text : "the client has gone";
}

int front_handshake(struct front *f)
{
	int r;

	if (f->ssl == NULL)
		return 1;
	r = SSL_do_handshake(f->ssl);
	if (r == 1)
		return 1;
	f->why = reason(f);
	return ssl_result(f, r) == FRONT_AGAIN ? FRONT_AGAIN : FRONT_BROKEN;
}

int front_end(struct front *f)
{
	int r = f->ssl != NULL ? SSL_shutdown(f->ssl) : 1;

	if (r < 0 && ssl_result(f, r) == FRONT_AGAIN && (f->wants & EPOLLOUT) != 0)
		return FRONT_AGAIN;
	ERR_clear_error();
	(void)shutdown(f->fd, SHUT_WR);
	return 1;
}
