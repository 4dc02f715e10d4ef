/* links: worker/proxy worker/proxy_v1 worker/proxy_v2 worker/proxy_write worker/network worker/environment */
/* PROXY headers, versions 1 and 2: what is good, where each ends, and every way to be wrong. */
#include "test.h"
#include "worker/network.h"
#include "worker/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct reeve_proxy proxy;
static struct reeve_error error;

/* A header and something behind it. */
struct bytes {
	unsigned char at[PROXY_MOST + 64];
	size_t len;
};

static void add(struct bytes *b, const void *bytes, size_t len)
{
	assert_true(b->len + len <= sizeof b->at);
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

static struct bytes v1(const char *line)
{
	struct bytes b = {.len = 0};

	add(&b, line, strlen(line));
	return b;
}

/* Version 2: `len` is put right by finish. */
static struct bytes v2(unsigned char command, unsigned char family)
{
	struct bytes b = {.len = 0};

	add(&b, "\r\n\r\n\0\r\nQUIT\n", 12);
	add(&b, (unsigned char[]){command, family, 0, 0}, 4);
	return b;
}

static void add_in4(struct bytes *b)
{
	add(b, "\xc0\0\2\1\xc6\x33\x64\2\x30\x39\x01\xbb", 12); /* 192.0.2.1:12345 -> 198.51.100.2:443 */
}

static void add_tlv(struct bytes *b, unsigned char type, const void *value, size_t len)
{
	add(b, (unsigned char[]){type, (unsigned char)(len >> 8), (unsigned char)len}, 3);
	add(b, value, len);
}

static void finish(struct bytes *b)
{
	b->at[14] = (unsigned char)((b->len - 16) >> 8);
	b->at[15] = (unsigned char)(b->len - 16);
}

static void add_crc(struct bytes *b)
{
	uint32_t crc;

	add_tlv(b, 3, "\0\0\0\0", 4);
	finish(b);
	crc = htonl(proxy_crc(0, b->at, b->len));
	memcpy(b->at + b->len - 4, &crc, 4);
}

static void good(const struct bytes *b)
{
	if (proxy_parse(&proxy, b->at, b->len, &error) != 0)
		fail_msg("refused: %s", error.text);
}

static void bad(const struct bytes *b, const char *sentence)
{
	error.text[0] = '\0';
	if (proxy_parse(&proxy, b->at, b->len, &error) == 0)
		fail_msg("taken, though: %s", sentence);
	if (strstr(error.text, sentence) == NULL)
		fail_msg("'%s' does not say '%s'", error.text, sentence);
}

static void expect_ends(const char *source, unsigned source_port, const char *destination, unsigned port)
{
	assert_false(proxy.local);
	assert_string_equal(proxy.source, source);
	assert_string_equal(proxy.destination, destination);
	assert_int_equal(proxy.source_port, source_port);
	assert_int_equal(proxy.destination_port, port);
}

/* ---- version 1 */

static void a_line_of_version_1_is_read(void **state)
{
	struct bytes b = v1("PROXY TCP4 192.0.2.1 198.51.100.2 0 65535\r\n");

	(void)state;
	good(&b);
	expect_ends("192.0.2.1", 0, "198.51.100.2", 65535);
	b = v1("PROXY TCP6 2001:db8::1 ::1 1 443\r\n");
	good(&b);
	expect_ends("2001:db8::1", 1, "::1", 443);
}

static void unknown_means_the_real_ends_whatever_follows(void **state)
{
	static const char *const lines[] = {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN any thing  at all\r\n",
		"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct bytes b = v1(lines[i]);

		good(&b);
		assert_true(proxy.local);
		assert_string_equal(proxy.source, "");
	}
}

static void what_is_no_line_of_version_1_is_refused(void **state)
{
	static const char *const lines[] = {
		"PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n",
		"PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 -1 2\r\n",
		"PROXY TCP4 192.0.2.01 198.51.100.2 1 2\r\n",
		"PROXY TCP4 192.0.2 198.51.100.2 1 2\r\n",
		"PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
		"PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
		"PROXY TCP5 192.0.2.1 198.51.100.2 1 2\r\n",
		"PROXY UNKNOWNS\r\n",
		"PROXY \r\n",
		"PROXY\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
		"PROXY TCP4 192.0.2.1\r198.51.100.2 1 2\r\n",
		"proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
		"GET / HTTP/1.0\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct bytes b = v1(lines[i]);

		bad(&b, i < 5 ? "two TCP4 addresses and two ports" : "");
	}
}

static void a_line_has_at_most_107_bytes(void **state)
{
	struct bytes b = v1("PROXY UNKNOWN ");
	size_t own;
	bool whole;

	(void)state;
	while (b.len < 105)
		add(&b, "x", 1);
	add(&b, "\r\n", 2);
	assert_int_equal(b.len, 107);
	good(&b);
	b.len = 105;
	add(&b, "x\r\n", 3);
	bad(&b, "no end within 107 bytes");
	b.len = 106;
	assert_int_equal(proxy_measure(b.at, b.len, &own, &whole, &error), 0);
	assert_false(whole); /* one more byte could still end it */
}

/* ---- version 2 */

static void the_families_of_version_2_are_read(void **state)
{
	struct bytes b = v2(0x21, 0x11);
	unsigned char paths[216] = "/run/a";

	(void)state;
	add_in4(&b);
	finish(&b);
	good(&b);
	expect_ends("192.0.2.1", 12345, "198.51.100.2", 443);
	b = v2(0x21, 0x21);
	add(&b, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	add(&b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\x50\x01\xbb", 20);
	finish(&b);
	good(&b);
	expect_ends("2001:db8::1", 80, "::1", 443);
	b = v2(0x21, 0x31);
	(void)strcpy((char *)paths + 108, "/run/b");
	add(&b, paths, sizeof paths);
	finish(&b);
	good(&b);
	expect_ends("/run/a", 0, "/run/b", 0);
	memset(paths, 'x', sizeof paths); /* no NUL anywhere: a path of all 108 bytes */
	b.len = 16;
	add(&b, paths, sizeof paths);
	good(&b);
	assert_int_equal(strlen(proxy.source), 108);
	b = v2(0x21, 0x12); /* of a datagram */
	add_in4(&b);
	finish(&b);
	good(&b);
	expect_ends("192.0.2.1", 12345, "198.51.100.2", 443);
}

static void local_and_unspecified_skip_whatever_follows(void **state)
{
	static const unsigned char kinds[][2] = {{0x20, 0x11}, {0x20, 0xff}, {0x20, 0}, {0x21, 0}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct bytes b = v2(kinds[i][0], kinds[i][1]);

		add(&b, "\3\xff garbage", 10);
		finish(&b);
		good(&b);
		assert_true(proxy.local);
		assert_int_equal(proxy.tlvs_size, 0);
	}
}

static void other_versions_commands_and_families_are_refused(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++) {
			struct bytes b = v2((unsigned char)first, (unsigned char)second);
			bool known = second == 0x11 || second == 0x12 || second == 0x21 || second == 0x22 ||
				     second == 0x31 || second == 0x32 || second == 0;

			b.len = 16 + 216;
			memset(b.at + 16, 0, 216);
			finish(&b);
			if (first == 0x20 || (first == 0x21 && known))
				good(&b);
			else
				bad(&b, first == 0x21 ? "address family" : "version and command");
		}
}

static void too_little_for_the_addresses_is_refused(void **state)
{
	static const struct {
		unsigned char family;
		size_t size;
	} rows[] = {{0x11, 12}, {0x21, 36}, {0x31, 216}};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 0; n <= rows[i].size; n++) {
			struct bytes b = v2(0x21, rows[i].family);

			memset(b.at + 16, 'x', n);
			b.len += n;
			finish(&b);
			if (n == rows[i].size)
				good(&b);
			else
				bad(&b, "too short for its addresses");
		}
}

static struct bytes with_everything(void)
{
	struct bytes b = v2(0x21, 0x11), ssl = {.len = 0};

	add_in4(&b);
	add_tlv(&b, 0x01, "h2", 2);
	add_tlv(&b, 0x02, "www.example.org", 15);
	add_tlv(&b, 0x04, "\0\0\0", 3);
	add_tlv(&b, 0x05, "id-1", 4);
	add(&ssl, "\x03\0\0\0\0", 5);
	add_tlv(&ssl, 0x21, "TLSv1.3", 7);
	add_tlv(&ssl, 0x22, "alice", 5);
	add_tlv(&ssl, 0x23, "TLS_AES_256_GCM_SHA384", 22);
	add_tlv(&ssl, 0x24, "RSA-SHA256", 10);
	add_tlv(&b, 0x20, ssl.at, ssl.len);
	add_tlv(&b, 0x30, "netns", 5);
	add_tlv(&b, 0xe0, "own", 3);
	add_crc(&b);
	return b;
}

static void fields_are_read(void **state)
{
	struct bytes b = with_everything();
	size_t size;

	(void)state;
	good(&b);
	expect_ends("192.0.2.1", 12345, "198.51.100.2", 443);
	assert_string_equal(proxy.alpn, "h2");
	assert_string_equal(proxy.authority, "www.example.org");
	assert_true(proxy.ssl && proxy.verified);
	assert_string_equal(proxy.ssl_version, "TLSv1.3");
	assert_string_equal(proxy.common_name, "alice");
	assert_string_equal(proxy.cipher, "TLS_AES_256_GCM_SHA384");
	assert_memory_equal(reeve_proxy_tlv(&proxy, 0xe0, &size), "own", 3);
	assert_int_equal(size, 3);
	assert_memory_equal(reeve_proxy_tlv(&proxy, 0x05, &size), "id-1", 4);
	assert_null(reeve_proxy_tlv(&proxy, 0xe1, &size));
	assert_int_equal(size, 0);
}

static void a_text_that_could_not_stand_in_a_log_line_is_left_out(void **state)
{
	struct bytes b = v2(0x21, 0x11);
	unsigned char longest[300];

	(void)state;
	memset(longest, 'a', sizeof longest);
	add_in4(&b);
	add_tlv(&b, 0x02, "a\nb", 3);
	add_tlv(&b, 0x01, longest, sizeof longest);
	finish(&b);
	good(&b);
	assert_string_equal(proxy.authority, "");
	assert_string_equal(proxy.alpn, "");
}

static void fields_that_do_not_fit_are_refused(void **state)
{
	struct bytes b = v2(0x21, 0x11);
	unsigned char longest[129] = {0};

	(void)state;
	add_in4(&b);
	add(&b, "\xe0\0", 2); /* no room for its length */
	finish(&b);
	bad(&b, "longer than the header");
	b.len -= 2;
	add(&b, "\xe0\0\2x", 4); /* says two, has one */
	finish(&b);
	bad(&b, "longer than the header");
	b.len -= 4;
	add_tlv(&b, 0x05, longest, 129);
	finish(&b);
	bad(&b, "unique id has 129 bytes");
	b.len -= 132;
	add_tlv(&b, 0x20, "\1\0\0\0", 4);
	finish(&b);
	bad(&b, "SSL has 4 bytes");
	b.len -= 7;
	add_tlv(&b, 0x20, "\1\0\0\0\0\x21\0\x09T", 9); /* a field in it is longer than it */
	finish(&b);
	bad(&b, "longer than the header");
	b.len -= 12;
	add_tlv(&b, 0x03, "\0\0\0", 3);
	finish(&b);
	bad(&b, "checksum has 3 bytes");
}

static void every_flipped_bit_of_a_summed_header_is_found(void **state)
{
	struct bytes b = with_everything();

	(void)state;
	for (size_t i = 0; i < b.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			int r;

			b.at[i] ^= (unsigned char)(1 << bit);
			r = proxy_parse(&proxy, b.at, b.len, &error);
			/* but for two that take the checksum itself away: LOCAL, and another type in its
			 * place */
			if (r == 0 && !(i == 12 && b.at[i] == 0x20) && i != b.len - 7)
				fail_msg("byte %zu bit %d: taken", i, bit);
			b.at[i] ^= (unsigned char)(1 << bit);
		}
	good(&b);
}

static void the_checksum_is_that_of_the_standard(void **state)
{
	struct bytes b = with_everything();

	(void)state;
	assert_int_equal(proxy_crc(0, (const unsigned char *)"123456789", 9), 0xe3069283); /* RFC 3720 */
	add_tlv(&b, 0x03, "\0\0\0\0", 4);
	finish(&b);
	bad(&b, "checksum"); /* the first is wrong now; were it not, the second would be one too many */
}

/* ---- where it ends */

/* For each split: no byte of what follows is taken, nothing is whole too early, and the way through all
 * splits ends with the header. */
static void split(const struct bytes *header)
{
	struct bytes b = *header;

	add(&b, "\r\nGET /\r\n\r\n\r\n", 13);
	for (size_t len = 0; len <= b.len; len++) {
		size_t own;
		bool whole;

		assert_int_equal(proxy_measure(b.at, len, &own, &whole, &error), 0);
		assert_true(whole == (len >= header->len));
		assert_int_equal(own, len < header->len ? len : header->len);
	}
}

static void no_split_takes_a_byte_of_what_follows(void **state)
{
	struct bytes rows[] = {v1("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n"), v1("PROXY UNKNOWN\r\n"),
		with_everything(), v2(0x20, 0)};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		split(&rows[i]);
		for (size_t len = 0; len < rows[i].len; len++) {
			struct bytes cut = rows[i];

			cut.len = len;
			bad(&cut, "not whole");
		}
	}
}

static void what_is_no_header_is_seen_at_its_first_wrong_byte(void **state)
{
	static const char *const texts[] = {"G", "PR0", "PROXYS", "\r\n\r\nx", "\r\n\r\n"};
	size_t own;
	bool whole;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(proxy_measure((const unsigned char *)texts[i], strlen(texts[i]), &own,
					 &whole, &error),
			-1);
	assert_int_equal(proxy_measure((const unsigned char *)texts[4], 4, &own, &whole, &error), 0);
}

static void a_header_that_is_too_long_is_refused_before_it_is_read(void **state)
{
	struct bytes b = v2(0x21, 0x11);
	size_t own;
	bool whole;

	(void)state;
	b.at[14] = 0x10;
	b.at[15] = 0;
	assert_int_equal(proxy_measure(b.at, 16, &own, &whole, &error), -1);
	assert_non_null(strstr(error.text, "4112 bytes; at most 4096"));
	b.at[14] = 0x0f;
	b.at[15] = 0xf0;
	assert_int_equal(proxy_measure(b.at, 16, &own, &whole, &error), 0);
}

/* ---- certificates of clients */

/* client: TLS 1, a certificate in this connection 2, in this session 4. */
static void a_certificate_counts_only_if_it_was_found_good(void **state)
{
	static const struct {
		unsigned char client, result;
		bool ssl, certificate, verified;
	} rows[] = {
		{0, 0, false, false, false},
		{1, 0, true, false, false},
		{1, 1, true, false, false},
		{3, 0, true, true, true},
		{5, 0, true, true, true}, /* a session that was resumed */
		{7, 0, true, true, true},
		{7, 18, true, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned char ssl[5] = {rows[i].client, 0, 0, 0, rows[i].result};
		struct bytes b = v2(0x21, 0x11);

		add_in4(&b);
		add_tlv(&b, 0x20, ssl, sizeof ssl);
		finish(&b);
		good(&b);
		assert_int_equal(proxy.ssl, rows[i].ssl);
		assert_int_equal(proxy.certificate, rows[i].certificate);
		assert_int_equal(proxy.verified, rows[i].verified);
		assert_int_equal(proxy.verify_result, rows[i].result);
	}
}

static void what_a_client_showed_is_written_and_read_back(void **state)
{
	static const struct {
		bool certificate, verified;
		uint32_t result, result_then;
	} rows[] = {{false, false, 0, 1}, {true, true, 0, 0}, {true, false, 18, 18},
		{true, false, 0x12345, 0x12345}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reeve_proxy told = {.ssl = true,
			.certificate = rows[i].certificate,
			.verified = rows[i].verified,
			.verify_result = rows[i].result,
			.common_name = "alice",
			.source = "192.0.2.1",
			.destination = "192.0.2.2"};
		struct bytes b = {.len = 0};
		unsigned char out[PROXY_MOST];

		add(&b, out, reeve_proxy_write(out, sizeof out, &told));
		good(&b);
		assert_int_equal(proxy.certificate, rows[i].certificate);
		assert_int_equal(proxy.verified, rows[i].verified);
		assert_int_equal(proxy.verify_result, rows[i].result_then);
		assert_string_equal(proxy.common_name, "alice");
	}
}

/* ---- writing */

static void what_is_written_is_read_back(void **state)
{
	static const char *const ends[][2] = {{"192.0.2.1", "198.51.100.2"}, {"2001:db8::1", "::1"}};
	unsigned char out[PROXY_MOST];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct reeve_proxy told = {.ssl = true,
			.source_port = 7,
			.destination_port = 443,
			.authority = "a.example",
			.alpn = "http/1.1",
			.ssl_version = "TLSv1.2",
			.cipher = "X"};
		struct bytes b = {.len = 0};
		size_t len;

		(void)strcpy(told.source, ends[i][0]);
		(void)strcpy(told.destination, ends[i][1]);
		len = reeve_proxy_write(out, sizeof out, &told);
		assert_true(len > 0);
		add(&b, out, len);
		good(&b);
		expect_ends(ends[i][0], 7, ends[i][1], 443);
		assert_true(proxy.ssl && !proxy.verified);
		assert_string_equal(proxy.authority, "a.example");
		assert_string_equal(proxy.alpn, "http/1.1");
		assert_string_equal(proxy.ssl_version, "TLSv1.2");
		assert_string_equal(proxy.cipher, "X");
		for (size_t room = 0; room < len; room++)
			assert_int_equal(reeve_proxy_write(out, room, &told), 0);
		(void)strcpy(told.source, "nowhere");
		assert_int_equal(reeve_proxy_write(out, sizeof out, &told), 0);
		told.local = true;
		b.len = 0;
		add(&b, out, reeve_proxy_write(out, sizeof out, &told));
		good(&b);
		assert_true(proxy.local);
	}
}

/* ---- networks */

static bool in(const char *networks, const char *address)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
		return network_contains(networks, (const struct sockaddr *)&four);
	assert_int_equal(inet_pton(AF_INET6, address, &six.sin6_addr), 1);
	return network_contains(networks, (const struct sockaddr *)&six);
}

static void networks_contain_what_they_say(void **state)
{
	(void)state;
	assert_true(in("192.0.2.0/24", "192.0.2.255"));
	assert_false(in("192.0.2.0/24", "192.0.3.0"));
	assert_true(in("192.0.2.128/25", "192.0.2.129"));
	assert_false(in("192.0.2.128/25", "192.0.2.127"));
	assert_true(in("10.0.0.1 2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(in("10.0.0.1 2001:db8::/33", "2001:db8:8000::1"));
	assert_true(in("10.0.0.1, 10.0.0.2", "10.0.0.2"));
	assert_true(in("0.0.0.0/0", "203.0.113.7"));
	assert_false(in("0.0.0.0/0", "2001:db8::1"));
	assert_true(in("127.0.0.0/8", "::ffff:127.0.0.1"));
	assert_true(in("::1", "::1"));
	assert_false(in("", "127.0.0.1"));
}

static void what_is_no_network_contains_nobody(void **state)
{
	static const char *const words[] = {"127.0.0.1/33", "127.0.0.1/", "127.0.0.1/-1", "127.0.0.1/0x8",
		"localhost", "/0",
		"127.0.0.1/0000000000000000000000000000000000000000000000000000000000000000000000000000000"};
	struct sockaddr unix_socket = {.sa_family = AF_UNIX};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		assert_false(in(words[i], "127.0.0.1"));
	assert_false(network_contains("0.0.0.0/0 ::/0", &unix_socket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_version_1_is_read),
		cmocka_unit_test(unknown_means_the_real_ends_whatever_follows),
		cmocka_unit_test(what_is_no_line_of_version_1_is_refused),
		cmocka_unit_test(a_line_has_at_most_107_bytes),
		cmocka_unit_test(the_families_of_version_2_are_read),
		cmocka_unit_test(local_and_unspecified_skip_whatever_follows),
		cmocka_unit_test(other_versions_commands_and_families_are_refused),
		cmocka_unit_test(too_little_for_the_addresses_is_refused),
		cmocka_unit_test(fields_are_read),
		cmocka_unit_test(a_text_that_could_not_stand_in_a_log_line_is_left_out),
		cmocka_unit_test(fields_that_do_not_fit_are_refused),
		cmocka_unit_test(every_flipped_bit_of_a_summed_header_is_found),
		cmocka_unit_test(the_checksum_is_that_of_the_standard),
		cmocka_unit_test(no_split_takes_a_byte_of_what_follows),
		cmocka_unit_test(what_is_no_header_is_seen_at_its_first_wrong_byte),
		cmocka_unit_test(a_header_that_is_too_long_is_refused_before_it_is_read),
		cmocka_unit_test(a_certificate_counts_only_if_it_was_found_good),
		cmocka_unit_test(what_a_client_showed_is_written_and_read_back),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(networks_contain_what_they_say),
		cmocka_unit_test(what_is_no_network_contains_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
