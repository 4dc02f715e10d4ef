/* options: a table of words, each with as many arguments as it takes. */
#include "tls/options.h"

#include "tls/mistake.h"

#include <string.h>

static struct route *last(struct options *o)
{
	return o->routes_n > 0 ? &o->routes[o->routes_n - 1] : NULL;
}

static int on_listener(struct options *o, char **arguments, struct reeve_error *e)
{
	if (options_route(o, arguments[0]) != NULL)
		return refuse(e, "--listener %.60s stands there twice", arguments[0]);
	if (o->routes_n == ROUTES_MOST)
		return refuse(e, "more than %d listeners", ROUTES_MOST);
	o->routes[o->routes_n++] = (struct route){.listener = arguments[0]};
	return 0;
}

static int on_to(struct options *o, char **arguments, struct reeve_error *e)
{
	if (arguments[0][0] != '/')
		return refuse(e, "--to %.107s is not an absolute path", arguments[0]);
	last(o)->path = arguments[0];
	return 0;
}

static int on_send_proxy(struct options *o, char **arguments, struct reeve_error *e)
{
	(void)arguments;
	(void)e;
	last(o)->send_proxy = true;
	return 0;
}

static int on_certificate(struct options *o, char **arguments, struct reeve_error *e)
{
	struct route *r = last(o);

	if (r->certificates_n == CERTIFICATES_MOST)
		return refuse(
			e, "--listener %.60s has more than %d certificates", r->listener, CERTIFICATES_MOST);
	r->certificates[r->certificates_n++] = (struct certificate_names){arguments[0], arguments[1]};
	return 0;
}

static int on_ca(struct options *o, char **arguments, struct reeve_error *e)
{
	struct route *r = last(o);

	if (r->authorities_n == AUTHORITIES_MOST)
		return refuse(e, "--listener %.60s has more than %d files of authorities", r->listener,
			AUTHORITIES_MOST);
	r->authorities[r->authorities_n++] = arguments[0];
	return 0;
}

static int on_verify_client(struct options *o, char **arguments, struct reeve_error *e)
{
	bool is_required = strcmp(arguments[0], "required") == 0;

	if (!is_required && strcmp(arguments[0], "true") != 0)
		return refuse(e, "--verify-client %.60s is neither true nor required", arguments[0]);
	last(o)->verify = is_required ? VERIFY_REQUIRED : VERIFY_ASKED;
	return 0;
}

static int on_min_protocol(struct options *o, char **arguments, struct reeve_error *e)
{
	last(o)->is_1_3_only = strcmp(arguments[0], "TLSv1.3") == 0;
	if (!last(o)->is_1_3_only && strcmp(arguments[0], "TLSv1.2") != 0)
		return refuse(e, "--min-protocol %.60s is neither TLSv1.2 nor TLSv1.3", arguments[0]);
	return 0;
}

static int on_ciphers(struct options *o, char **arguments, struct reeve_error *e)
{
	(void)e;
	last(o)->ciphers = arguments[0];
	return 0;
}

static const struct word {
	const char *name;
	int arguments;
	int (*take)(struct options *o, char **arguments, struct reeve_error *e);
} words[] = {
	{"--listener", 1, on_listener},
	{"--to", 1, on_to},
	{"--send-proxy", 0, on_send_proxy},
	{"--certificate", 2, on_certificate},
	{"--min-protocol", 1, on_min_protocol},
	{"--ciphers", 1, on_ciphers},
	{"--verify-client", 1, on_verify_client},
	{"--ca", 1, on_ca},
};

static const struct word *find(const char *name)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

int options_read(struct options *o, int argc, char **argv, struct reeve_error *e)
{
	*o = (struct options){.routes_n = 0};
	for (int i = 1; i < argc; i++) {
		const struct word *w = find(argv[i]);

		if (w == NULL)
			return refuse(e, "there is no option %.60s; see reeve-tls(8)", argv[i]);
		if (i + w->arguments >= argc)
			return refuse(e, "%s needs %d more word%s", w->name, w->arguments,
				w->arguments > 1 ? "s" : "");
		if (w->take != on_listener && last(o) == NULL)
			return refuse(e, "%s stands before the first --listener", w->name);
		if (w->take(o, argv + i + 1, e) < 0)
			return -1;
		i += w->arguments;
	}
	for (size_t i = 0; i < o->routes_n; i++)
		if (o->routes[i].path == NULL)
			return refuse(e, "--listener %.60s has no --to", o->routes[i].listener);
	return o->routes_n > 0 ? 0 : refuse(e, "no --listener: Reeve starts this program, see reeve-tls(8)");
}

const struct route *options_route(const struct options *o, const char *listener)
{
	for (size_t i = 0; i < o->routes_n; i++)
		if (strcmp(o->routes[i].listener, listener) == 0)
			return &o->routes[i];
	return NULL;
}
