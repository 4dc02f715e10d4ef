/* proxy: reads and writes PROXY headers. Whatever breaks a rule is -1 and a sentence; nothing is guessed. */
#include "worker/proxy.h"

#include "worker/environment.h"

#include <arpa/inet.h>
#include <string.h>

#define V1_MOST   107
#define V2_FIXED  16
#define UNIQUE_ID 128 /* its most bytes */

static const unsigned char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t number16(const unsigned char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* ---- where it ends */

static int measure_v1(const unsigned char *bytes, size_t len, size_t *own, bool *whole, struct reeve_error *e)
{
	const unsigned char *end = memchr(bytes, '\n', least(len, V1_MOST));

	*whole = end != NULL;
	*own = end != NULL ? (size_t)(end - bytes) + 1 : len;
	if (end == NULL && len >= V1_MOST)
		return error_set(e, "the PROXY header has no end within %d bytes", V1_MOST);
	return 0;
}

static int measure_v2(const unsigned char *bytes, size_t len, size_t *own, bool *whole, struct reeve_error *e)
{
	size_t total = len >= V2_FIXED ? V2_FIXED + number16(bytes + 14) : V2_FIXED;

	if (total > PROXY_MOST)
		return error_set(e, "the PROXY header has %zu bytes; at most %d are read", total, PROXY_MOST);
	*own = least(len, total);
	*whole = len >= V2_FIXED && len >= total;
	return 0;
}

int proxy_measure(const unsigned char *bytes, size_t len, size_t *own, bool *whole, struct reeve_error *e)
{
	*own = 0;
	*whole = false;
	if (memcmp(bytes, signature, least(len, sizeof signature)) == 0)
		return measure_v2(bytes, len, own, whole, e);
	if (memcmp(bytes, "PROXY ", least(len, 6)) == 0)
		return measure_v1(bytes, len, own, whole, e);
	return error_set(
		e, "the connection does not begin with a PROXY header, but its listener has haproxy = true");
}

/* ---- version 1: PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 */

/* Copies the next word, ended by one blank or the end. false: there is none, or no room. */
static bool next_word(const char **at, const char *end, char *word, size_t room)
{
	const char *blank;
	size_t len;

	if (*at >= end) /* the word before was the last */
		return false;
	blank = memchr(*at, ' ', (size_t)(end - *at));
	len = (size_t)((blank != NULL ? blank : end) - *at);
	if (len == 0 || len >= room)
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at = blank != NULL ? blank + 1 : end + 1;
	return true;
}

static bool read_port(const char *word, uint16_t *port)
{
	unsigned value = 0;

	if (word[0] == '\0' || strlen(word) > 5 || (word[0] == '0' && word[1] != '\0'))
		return false;
	for (; *word != '\0'; word++) {
		if (*word < '0' || *word > '9')
			return false;
		value = value * 10 + (unsigned)(*word - '0');
	}
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

static bool is_address(int family, const char *word)
{
	struct in6_addr scratch;

	return inet_pton(family, word, &scratch) == 1;
}

static bool read_ends(struct reeve_proxy *p, int family, const char *at, const char *end)
{
	char source[8], destination[8];

	return next_word(&at, end, p->source, sizeof p->source) && is_address(family, p->source) &&
	       next_word(&at, end, p->destination, sizeof p->destination) &&
	       is_address(family, p->destination) && next_word(&at, end, source, sizeof source) &&
	       read_port(source, &p->source_port) && next_word(&at, end, destination, sizeof destination) &&
	       read_port(destination, &p->destination_port) && at == end + 1;
}

static int parse_v1(struct reeve_proxy *p, const char *text, size_t len, struct reeve_error *e)
{
	const char *at = text + 6, *end = text + len - 2;
	char family[8];

	if (len < 8 || memcmp(end, "\r\n", 2) != 0 || memchr(text, '\0', len) != NULL ||
		memchr(text, '\r', len - 2) != NULL)
		return error_set(e, "the PROXY header is not one line that ends in CR LF");
	if (!next_word(&at, end, family, sizeof family))
		return error_set(e, "the PROXY header names no protocol");
	if (strcmp(family, "UNKNOWN") == 0) {
		p->local = true;
		return 0;
	}
	if (strcmp(family, "TCP4") != 0 && strcmp(family, "TCP6") != 0)
		return error_set(
			e, "the PROXY header says '%s', which is none of TCP4, TCP6, UNKNOWN", family);
	if (!read_ends(p, family[3] == '4' ? AF_INET : AF_INET6, at, end))
		return error_set(e,
			"the PROXY header does not have two %s addresses and two ports, with one blank "
			"between",
			family);
	return 0;
}

/* ---- version 2 */

uint32_t proxy_crc(uint32_t before, const unsigned char *bytes, size_t len)
{
	uint32_t crc = ~before;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (UINT32_C(0x82f63b78) & (0U - (crc & 1)));
	}
	return ~crc;
}

static uint32_t number32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Everything but the checksum's own four bytes, which count as zero. */
static uint32_t crc_without(const unsigned char *header, size_t len, const unsigned char *sum)
{
	static const unsigned char zero[4];
	uint32_t crc = proxy_crc(0, header, (size_t)(sum - header));

	crc = proxy_crc(crc, zero, sizeof zero);
	return proxy_crc(crc, sum + 4, len - (size_t)(sum - header) - 4);
}

/* What is being read: the whole header, for the checksum. */
struct reading {
	struct reeve_proxy *proxy;
	const unsigned char *header;
	size_t len;
	bool summed;
	struct reeve_error *e;
};

struct tlv_row {
	unsigned char type;
	size_t least, most;
	int (*read)(struct reading *r, const unsigned char *value, size_t len);
	size_t text; /* where in struct reeve_proxy its text goes; 0: nowhere */
	size_t room;
	const char *name;
};

/* Visible ASCII or UTF-8: such a text may stand in a log line. Others are left out of the struct. */
static void copy_text(char *to, size_t room, const unsigned char *value, size_t len)
{
	to[0] = '\0';
	if (len >= room)
		return;
	for (size_t i = 0; i < len; i++)
		if (value[i] < ' ' || value[i] == 0x7f)
			return;
	memcpy(to, value, len);
	to[len] = '\0';
}

static int read_tlvs(struct reading *r, const struct tlv_row *rows, const unsigned char *at, size_t len);

static int read_crc(struct reading *r, const unsigned char *value, size_t len)
{
	(void)len;
	if (r->summed)
		return error_set(r->e, "the PROXY header has two checksums");
	r->summed = true;
	if (crc_without(r->header, r->len, value) != number32(value))
		return error_set(r->e, "the checksum of the PROXY header is wrong");
	return 0;
}

#define TEXT(field) offsetof(struct reeve_proxy, field), sizeof(((struct reeve_proxy *)0)->field)

static const struct tlv_row ssl_rows[] = {
	{0x21, 0, 4096, NULL, TEXT(ssl_version), "SSL version"},
	{0x22, 0, 4096, NULL, TEXT(common_name), "common name"},
	{0x23, 0, 4096, NULL, TEXT(cipher), "cipher"},
	{0},
};

static int read_ssl(struct reading *r, const unsigned char *value, size_t len)
{
	r->proxy->ssl = (value[0] & 0x01) != 0;
	r->proxy->verified = (value[0] & 0x02) != 0 && number32(value + 1) == 0;
	return read_tlvs(r, ssl_rows, value + 5, len - 5);
}

static const struct tlv_row rows_v2[] = {
	{0x01, 0, 4096, NULL, TEXT(alpn), "ALPN"},
	{0x02, 0, 4096, NULL, TEXT(authority), "authority"},
	{0x03, 4, 4, read_crc, 0, 0, "checksum"},
	{0x05, 0, UNIQUE_ID, NULL, 0, 0, "unique id"},
	{0x20, 5, 4096, read_ssl, 0, 0, "SSL"},
	{0},
};

static int read_tlv(struct reading *r, const struct tlv_row *row, const unsigned char *value, size_t len)
{
	if (len < row->least || len > row->most)
		return error_set(r->e, "the PROXY header's %s has %zu bytes", row->name, len);
	if (row->text != 0)
		copy_text((char *)r->proxy + row->text, row->room, value, len);
	return row->read != NULL ? row->read(r, value, len) : 0;
}

/* A type that no row has is somebody else's: skipped. */
static int read_tlvs(struct reading *r, const struct tlv_row *rows, const unsigned char *at, size_t len)
{
	while (len > 0) {
		size_t size = len >= 3 ? number16(at + 1) : 0;
		const struct tlv_row *row = rows;

		if (len < 3 || size > len - 3)
			return error_set(r->e, "a field of the PROXY header is longer than the header");
		while (row->name != NULL && row->type != at[0])
			row++;
		if (row->name != NULL && read_tlv(r, row, at + 3, size) < 0)
			return -1;
		at += 3 + size;
		len -= 3 + size;
	}
	return 0;
}

static void read_inet(struct reeve_proxy *p, int family, const unsigned char *at, size_t size)
{
	(void)inet_ntop(family, at, p->source, sizeof p->source);
	(void)inet_ntop(family, at + size, p->destination, sizeof p->destination);
	p->source_port = (uint16_t)number16(at + 2 * size);
	p->destination_port = (uint16_t)number16(at + 2 * size + 2);
}

static void read_in4(struct reeve_proxy *p, const unsigned char *at)
{
	read_inet(p, AF_INET, at, 4);
}

static void read_in6(struct reeve_proxy *p, const unsigned char *at)
{
	read_inet(p, AF_INET6, at, 16);
}

static void read_unix(struct reeve_proxy *p, const unsigned char *at)
{
	copy_text(p->source, sizeof p->source, at, strnlen((const char *)at, 108));
	copy_text(p->destination, sizeof p->destination, at + 108, strnlen((const char *)at + 108, 108));
}

/* The families that there are: the upper half of byte 13. */
static const struct family {
	size_t size; /* of both addresses and ports */
	void (*read)(struct reeve_proxy *p, const unsigned char *at);
} families[] = {
	{0, NULL},
	{12, read_in4},
	{36, read_in6},
	{216, read_unix},
};

static const struct family *find_family(unsigned char byte)
{
	unsigned family = byte >> 4, transport = byte & 0x0f;

	if (family >= sizeof families / sizeof *families || transport > 2 ||
		(family == 0) != (transport == 0))
		return NULL;
	return &families[family];
}

static int parse_v2(struct reeve_proxy *p, const unsigned char *header, size_t len, struct reeve_error *e)
{
	const struct family *family = find_family(header[13]);
	struct reading r = {.proxy = p, .header = header, .len = len, .e = e};
	unsigned command = header[12] & 0x0f;

	if (header[12] >> 4 != 2 || command > 1)
		return error_set(e, "the PROXY header has version and command %#x; known are 0x20 and 0x21",
			(unsigned)header[12]);
	if (command == 0 || header[13] == 0) { /* the balancer's own, or it does not say whose */
		p->local = true;
		return 0;
	}
	if (family == NULL)
		return error_set(
			e, "the PROXY header has the unknown address family %#x", (unsigned)header[13]);
	if (len - V2_FIXED < family->size)
		return error_set(e, "the PROXY header is too short for its addresses");
	family->read(p, header + V2_FIXED);
	p->tlvs = header + V2_FIXED + family->size;
	p->tlvs_size = len - V2_FIXED - family->size;
	return read_tlvs(&r, rows_v2, p->tlvs, p->tlvs_size);
}

int proxy_parse(struct reeve_proxy *proxy, const unsigned char *header, size_t len, struct reeve_error *e)
{
	size_t own;
	bool whole;

	*proxy = (struct reeve_proxy){0};
	if (proxy_measure(header, len, &own, &whole, e) < 0)
		return -1;
	if (!whole || own != len)
		return error_set(e, "the PROXY header is not whole");
	return header[0] == 'P' ? parse_v1(proxy, (const char *)header, len, e)
				: parse_v2(proxy, header, len, e);
}

const void *reeve_proxy_tlv(const struct reeve_proxy *proxy, unsigned type, size_t *size)
{
	const unsigned char *at = proxy->tlvs;

	for (size_t left = proxy->tlvs_size; left > 0;) {
		size_t n = number16(at + 1); /* proxy_parse has seen that all of them fit */

		if (at[0] == type) {
			*size = n;
			return at + 3;
		}
		at += 3 + n;
		left -= 3 + n;
	}
	*size = 0;
	return NULL;
}

/* ---- writing */

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

static void put_ssl(struct writing *w, const struct reeve_proxy *p)
{
	struct writing start;
	size_t size;

	if (!p->ssl)
		return;
	put(w, "\x20", 1);
	start = *w;
	put16(w, 0);
	/* client: TLS, a certificate in this connection; verify: 0 is good */
	put(w, p->verified ? "\x03\0\0\0\0" : "\x01\0\0\0\x01", 5);
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
	memcpy(bytes, signature, sizeof signature);
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
