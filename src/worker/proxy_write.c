/* proxy_write: a header of version 2, for a program behind. */
#include "worker/proxy.h"
#include "worker/proxy_parts.h"

#include <arpa/inet.h>
#include <string.h>

struct writing {
	unsigned char *at, *end;
	bool full;
};

static void put(struct writing *w, const void *bytes, size_t len)
{
	if ((size_t)(w->end - w->at) < len) {
		w->full = true;
		return;
	}
	memcpy(w->at, bytes, len);
	w->at += len;
}

static void put16(struct writing *w, size_t n)
{
	put(w, (const unsigned char[]){(unsigned char)(n >> 8), (unsigned char)n}, 2);
}

static void put_text(struct writing *w, unsigned char type, const char *text)
{
	if (text[0] == '\0')
		return;
	put(w, &type, 1);
	put16(w, strlen(text));
	put(w, text, strlen(text));
}

/* What the client's side of TLS was, and 0 for a certificate that was found good. */
static void put_client(struct writing *w, const struct reeve_proxy *p)
{
	bool shown = p->certificate || p->verified;
	unsigned char client = shown ? CLIENT_SSL | CLIENT_CONNECTION | CLIENT_SESSION : CLIENT_SSL;
	uint32_t result = p->verified ? 0 : p->verify_result != 0 ? p->verify_result : 1;

	put(w, &client, 1);
	put16(w, result >> 16);
	put16(w, result & 0xffff);
}

static void put_ssl(struct writing *w, const struct reeve_proxy *p)
{
	struct writing start;
	size_t size;

	if (!p->ssl)
		return;
	put(w, "\x20", 1);
	start = *w;
	put16(w, 0);
	put_client(w, p);
	put_text(w, 0x21, p->ssl_version);
	put_text(w, 0x22, p->common_name);
	put_text(w, 0x23, p->cipher);
	size = (size_t)(w->at - start.at);
	if (!w->full)
		put16(&start, size - 2);
}

/* The family's byte; 0: not both are addresses of one family. */
static unsigned char put_addresses(struct writing *w, const struct reeve_proxy *p)
{
	bool six = strchr(p->source, ':') != NULL;
	unsigned char source[16], destination[16];
	int family = six ? AF_INET6 : AF_INET;

	if (inet_pton(family, p->source, source) != 1 || inet_pton(family, p->destination, destination) != 1)
		return 0;
	put(w, source, six ? 16 : 4);
	put(w, destination, six ? 16 : 4);
	put16(w, p->source_port);
	put16(w, p->destination_port);
	return six ? 0x21 : 0x11;
}

size_t reeve_proxy_write(void *out, size_t room, const struct reeve_proxy *proxy)
{
	unsigned char *bytes = out;
	struct writing w = {bytes, bytes + room, false};
	unsigned char fixed[V2_FIXED] = {0}, family = 0, sum[4];
	uint32_t crc;
	size_t len;

	put(&w, fixed, sizeof fixed);
	if (!proxy->local && (family = put_addresses(&w, proxy)) == 0)
		return 0;
	put_text(&w, 0x01, proxy->alpn);
	put_text(&w, 0x02, proxy->authority);
	put_ssl(&w, proxy);
	put(&w, "\x03\0\4\0\0\0\0", 7);
	if (w.full)
		return 0;
	len = (size_t)(w.at - bytes);
	memcpy(bytes, proxy_signature, sizeof proxy_signature);
	bytes[12] = proxy->local ? 0x20 : 0x21;
	bytes[13] = family;
	bytes[14] = (unsigned char)((len - V2_FIXED) >> 8);
	bytes[15] = (unsigned char)(len - V2_FIXED);
	crc = proxy_crc(0, bytes, len);
	for (int i = 0; i < 4; i++)
		sum[i] = (unsigned char)(crc >> (24 - 8 * i));
	memcpy(w.at - 4, sum, sizeof sum);
	return len;
}
