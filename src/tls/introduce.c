/* introduce: tells the program behind who the client is, in a PROXY header of version 2. */
#include "tls/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/socket.h>

static void set_end(char *text, size_t room, uint16_t *port, int fd,
	int (*name)(int, struct sockaddr *restrict, socklen_t *restrict))
{
	union {
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} a = {.in6 = {0}};
	socklen_t size = sizeof a;

	if (name(fd, &a.any, &size) < 0)
		return;
	if (a.any.sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &a.in6.sin6_addr, text, (socklen_t)room);
	else
		(void)inet_ntop(AF_INET, &a.in4.sin_addr, text, (socklen_t)room);
	*port = ntohs(a.in4.sin_port); /* the port stands at the same place in both */
}

static void set_text(char *to, size_t room, const char *text)
{
	if (text != NULL && strlen(text) < room)
		memcpy(to, text, strlen(text) + 1);
}

/* The name of a certificate that is not good is what somebody claims, so it is not told. */
static void describe_certificate(struct reeve_proxy *p, SSL *ssl)
{
	const X509 *certificate = SSL_get0_peer_certificate(ssl);

	p->certificate = certificate != NULL;
	p->verify_result = (uint32_t)SSL_get_verify_result(ssl);
	p->verified = p->certificate && p->verify_result == X509_V_OK;
	p->common_name[0] = '\0';
	if (p->verified && X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
				   p->common_name, sizeof p->common_name) < 0)
		p->common_name[0] = '\0';
}

/* What a balancer before us has said stays; the TLS is ours. */
static void describe(const struct connection *c, struct reeve_proxy *p)
{
	*p = c->client.proxy != NULL ? *c->client.proxy : (struct reeve_proxy){0};
	if (c->client.proxy == NULL || p->local) {
		p->local = false;
		set_end(p->source, sizeof p->source, &p->source_port, c->client.fd, getpeername);
		set_end(p->destination, sizeof p->destination, &p->destination_port, c->client.fd,
			getsockname);
	}
	if (c->front.ssl == NULL)
		return;
	p->ssl = true;
	describe_certificate(p, c->front.ssl);
	set_text(p->ssl_version, sizeof p->ssl_version, SSL_get_version(c->front.ssl));
	set_text(p->cipher, sizeof p->cipher, SSL_get_cipher_name(c->front.ssl));
	set_text(p->authority, sizeof p->authority,
		SSL_get_servername(c->front.ssl, TLSEXT_NAMETYPE_host_name));
}

void put_header(struct connection *c)
{
	struct reeve_proxy proxy;
	unsigned char *to;
	size_t room = flow_room(&c->up, &to), n;

	describe(c, &proxy);
	n = reeve_proxy_write(to, room, &proxy);
	if (n == 0) { /* its addresses are none (a unix socket's): say so */
		proxy = (struct reeve_proxy){.local = true};
		n = reeve_proxy_write(to, room, &proxy);
	}
	flow_added(&c->up, n);
}
