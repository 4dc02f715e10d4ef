/* http: the little of RFC 9110 and 9112 that a greeting needs, strictly. */
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What the headers are read into. */
struct head {
	struct http_request *r;
	int hosts;
	bool close, keep, length_seen;
};

static const struct reason {
	int status;
	const char *text;
} reasons[] = {
	{200, "OK"},
	{400, "Bad Request"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{414, "URI Too Long"},
	{431, "Request Header Fields Too Large"},
	{505, "HTTP Version Not Supported"},
};

static bool is_token(const char *text, size_t len)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < len; i++) {
		char c = text[i], low = (char)(c | 0x20);
		if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'z') &&
			(c == '\0' || !strchr(marks, c)))
			return false;
	}
	return len > 0;
}

static bool is_visible(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return len > 0;
}

static bool copy(char *to, size_t room, const char *text, size_t len)
{
	if (len >= room)
		return false;
	memcpy(to, text, len);
	to[len] = '\0';
	return true;
}

/* METHOD SP target SP HTTP/1.x -> 0, or the status that says what is wrong. */
static int parse_request_line(struct http_request *r, const char *line, size_t len)
{
	const char *end = line + len, *target = memchr(line, ' ', len), *version;
	size_t path;

	if (target == NULL || !is_token(line, (size_t)(target - line)))
		return 400;
	if (!copy(r->method, sizeof r->method, line, (size_t)(target - line)))
		return 405;
	target++;
	version = memchr(target, ' ', (size_t)(end - target));
	if (version == NULL || !is_visible(target, (size_t)(version - target)))
		return 400;
	for (path = 0; target + path < version && target[path] != '?';)
		path++;
	if (!copy(r->path, sizeof r->path, target, path))
		return 414;
	version++;
	if (end - version != 8 || memcmp(version, "HTTP/", 5) != 0)
		return 400;
	if (memcmp(version, "HTTP/1.", 7) != 0)
		return 505;
	if (version[7] != '0' && version[7] != '1')
		return 505;
	r->keep_alive = version[7] == '1';
	return 0;
}

static int on_host(struct head *h, const char *value, size_t len)
{
	(void)value;
	(void)len;
	return ++h->hosts > 1 ? 400 : 0;
}

static int on_connection(struct head *h, const char *value, size_t len)
{
	for (size_t word; len > 0; value += word, len -= word) {
		for (word = 0; word < len && value[word] != ',' && value[word] != ' ' && value[word] != '\t';)
			word++;
		h->close |= word == 5 && strncasecmp(value, "close", 5) == 0;
		h->keep |= word == 10 && strncasecmp(value, "keep-alive", 10) == 0;
		word += word < len;
	}
	return 0;
}

static int on_content_length(struct head *h, const char *value, size_t len)
{
	if (h->length_seen || len == 0)
		return 400;
	h->length_seen = true;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return 400;
		h->r->has_body |= value[i] != '0';
	}
	return 0;
}

static int on_transfer_encoding(struct head *h, const char *value, size_t len)
{
	(void)value;
	(void)len;
	h->r->has_body = true;
	return 0;
}

static const struct header {
	const char *name;
	int (*read)(struct head *h, const char *value, size_t len);
} headers[] = {
	{"host", on_host},
	{"connection", on_connection},
	{"content-length", on_content_length},
	{"transfer-encoding", on_transfer_encoding},
};

static int parse_header(struct head *h, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value;
	size_t name, n;

	if (colon == NULL || memchr(line, '\0', len) != NULL || memchr(line, '\r', len) != NULL)
		return 400;
	name = (size_t)(colon - line);
	if (!is_token(line, name)) /* also the space of a folded line, or before the colon */
		return 400;
	value = colon + 1;
	n = len - name - 1;
	for (; n > 0 && (*value == ' ' || *value == '\t'); n--)
		value++;
	while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		n--;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (strlen(headers[i].name) == name && strncasecmp(headers[i].name, line, name) == 0)
			return headers[i].read(h, value, n);
	return 0;
}

static size_t refuse(struct http_request *r, int error, size_t len)
{
	r->error = error;
	r->keep_alive = false;
	return len;
}

static size_t finish(struct head *h, size_t len)
{
	bool is_1_1 = h->r->keep_alive;

	if (is_1_1 && h->hosts != 1)
		return refuse(h->r, 400, len);
	h->r->keep_alive = (is_1_1 || h->keep) && !h->close && !h->r->has_body;
	return len;
}

/* The line at `text`, without CR LF or LF; *next is where the following one starts. NULL: not whole. */
static const char *take_line(const char *text, size_t left, size_t *len, size_t *next)
{
	const char *end = memchr(text, '\n', left);

	if (end == NULL)
		return NULL;
	*len = (size_t)(end - text);
	*next = *len + 1;
	if (*len > 0 && text[*len - 1] == '\r')
		--*len;
	return text;
}

size_t http_parse(struct http_request *r, const char *text, size_t len)
{
	struct head h = {.r = r};
	size_t at = 0, n, next;
	bool first = true;
	int error;

	*r = (struct http_request){.method = ""};
	while (take_line(text + at, len - at, &n, &next) != NULL && at + next <= HTTP_HEAD_LIMIT) {
		const char *line = text + at;

		at += next;
		if (n == 0 && first && at <= 2)
			continue; /* one empty line before a request is customary */
		if (n == 0 && !first)
			return finish(&h, at);
		error = first ? parse_request_line(r, line, n) : parse_header(&h, line, n);
		if (error != 0)
			return refuse(r, error, at);
		first = false;
	}
	return len >= HTTP_HEAD_LIMIT ? refuse(r, 431, len) : 0;
}

static const char *reason(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Error";
}

size_t http_respond(
	char *out, size_t room, const struct http_request *r, int status, const char *body, time_t now)
{
	char date[40];
	struct tm tm;
	int n;

	(void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	n = snprintf(out, room,
		"HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
		"%zu\r\n"
		"%sConnection: %s\r\n\r\n%s",
		status, reason(status), date, strlen(body), status == 405 ? "Allow: GET, HEAD\r\n" : "",
		r->keep_alive ? "keep-alive" : "close", strcmp(r->method, "HEAD") == 0 ? "" : body);
	return n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}
