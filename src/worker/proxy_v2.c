/* proxy_v2: a header of version 2: addresses, then fields of type, length and value. A type that no row has
 * is skipped; a known one that breaks its rule refuses the header. */
#include "worker/environment.h"
#include "worker/proxy.h"
#include "worker/proxy_parts.h"

#include <arpa/inet.h>
#include <string.h>

#define UNIQUE_ID 128 /* its most bytes */

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
	r->proxy->ssl = (value[0] & CLIENT_SSL) != 0;
	r->proxy->certificate = (value[0] & (CLIENT_CONNECTION | CLIENT_SESSION)) != 0;
	r->proxy->verify_result = number32(value + 1);
	r->proxy->verified = r->proxy->certificate && r->proxy->verify_result == 0;
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

int proxy_parse_v2(struct reeve_proxy *p, const unsigned char *header, size_t len, struct reeve_error *e)
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
