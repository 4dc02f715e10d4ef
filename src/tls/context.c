/* context: TLS 1.2 and 1.3, forward secrecy and AEAD only, no renegotiation, no compression. */
#include "tls/context.h"

#include "tls/mistake.h"
#include "tls/pem.h"

#include <time.h>

#define CIPHERS                                                                                    \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

static int on_name(SSL *ssl, int *alert, void *arg)
{
	const struct context *c = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	for (size_t i = 0; name != NULL && i < c->n; i++)
		if (certificate_is_for(&c->certificates[i], name)) {
			(void)SSL_set_SSL_CTX(ssl, c->ssl[i]);
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_NOACK; /* the first certificate */
}

/* A client whose certificate is not good may come all the same: the program behind is told what is wrong. */
static int on_certificate(int is_good, X509_STORE_CTX *store)
{
	(void)is_good;
	(void)store;
	return 1;
}

/* No tickets where certificates are asked for: who comes again shows his certificate again. */
static bool set_verify(SSL_CTX *ssl, const struct route *route, const struct authorities *authorities)
{
	if (route->verify == VERIFY_NONE)
		return true;
	if (route->verify == VERIFY_REQUIRED)
		SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	else
		SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, on_certificate);
	(void)SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
	return SSL_CTX_set_num_tickets(ssl, 0) == 1 && authorities_use(authorities, ssl);
}

static bool set_up(
	SSL_CTX *ssl, const struct certificate *certificate, const struct route *route, struct context *c)
{
	static const unsigned char id[] = "reeve-tls";
	long off = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
		   SSL_OP_PRIORITIZE_CHACHA;

	(void)SSL_CTX_set_options(ssl, (unsigned long)off);
	(void)SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					    SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* tickets do, and need no memory */
	(void)SSL_CTX_set_tlsext_servername_callback(ssl, on_name);
	(void)SSL_CTX_set_tlsext_servername_arg(ssl, c);
	return SSL_CTX_set_min_proto_version(ssl, route->is_1_3_only ? TLS1_3_VERSION : TLS1_2_VERSION) ==
		       1 &&
	       SSL_CTX_set_cipher_list(ssl, route->ciphers != NULL ? route->ciphers : CIPHERS) == 1 &&
	       SSL_CTX_set_session_id_context(ssl, id, sizeof id - 1) == 1 &&
	       SSL_CTX_use_cert_and_key(ssl, certificate->leaf, certificate->key, certificate->chain, 1) ==
		       1 &&
	       set_verify(ssl, route, &c->authorities);
}

static int add(struct context *c, const struct reeve_worker *worker, const struct route *route,
	const struct certificate_names *names, struct reeve_error *e)
{
	struct certificate *certificate = &c->certificates[c->n];
	struct reeve_error why;
	SSL_CTX *ssl;

	if (certificate_read(certificate, reeve_file(names->certificate), reeve_file(names->key), &why) < 0)
		return refuse(e, "%.40s and %.40s: %.250s", names->certificate, names->key, why.text);
	if (certificate_check_time(certificate, time(NULL), &why) < 0)
		reeve_log(worker, REEVE_WARNING, "%s: %s", names->certificate, why.text);
	ssl = SSL_CTX_new(TLS_server_method());
	c->ssl[c->n++] = ssl;
	if (ssl != NULL && set_up(ssl, certificate, route, c))
		return 0;
	return refuse(e, "%.40s: %.300s", names->certificate, reason_of_openssl("no memory"));
}

static int open_authorities(struct context *c, const struct route *route, struct reeve_error *e)
{
	struct reeve_error why;

	if (route->verify == VERIFY_NONE)
		return 0;
	if (authorities_open(&c->authorities, e) < 0)
		return -1;
	for (size_t i = 0; i < route->authorities_n; i++)
		if (authorities_add(&c->authorities, reeve_file(route->authorities[i]), &why) < 0)
			return refuse(e, "%.40s: %.300s", route->authorities[i], why.text);
	return 0;
}

int context_open(struct context *c, const struct reeve_worker *worker, const struct route *route,
	struct reeve_error *e)
{
	int result = open_authorities(c, route, e);

	for (size_t i = 0; i < route->certificates_n && result == 0; i++)
		result = add(c, worker, route, &route->certificates[i], e);
	if (result < 0)
		context_close(c);
	return result;
}

int context_check_ciphers(const char *list, struct reeve_error *e)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	bool good = ssl != NULL && SSL_CTX_set_cipher_list(ssl, list) == 1;

	(void)reason_of_openssl("");
	SSL_CTX_free(ssl);
	return good ? 0 : refuse(e, "OpenSSL knows no cipher of '%.200s'; see openssl-ciphers(1)", list);
}

void context_close(struct context *c)
{
	for (size_t i = 0; i < c->n; i++) {
		SSL_CTX_free(c->ssl[i]);
		certificate_free(&c->certificates[i]);
	}
	authorities_close(&c->authorities);
	c->n = 0;
}

SSL *context_accept(struct context *c, int fd)
{
	SSL *ssl = c->n > 0 ? SSL_new(c->ssl[0]) : NULL;

	if (ssl != NULL && SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	if (ssl != NULL)
		SSL_set_accept_state(ssl);
	return ssl;
}
