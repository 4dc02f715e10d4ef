/* reeve-tls: does TLS, and takes off PROXY headers, for programs that can neither. Reeve starts it as service
 * NAME-tls; see reeve-tls(8). What it was told wrong is a line in the log and exit code 78. */
#include "tls/check.h"
#include "tls/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define EXIT_START 78 /* sysexits: what we were told is wrong */

/* Two descriptors a client. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int check_listeners(const struct relay *r, struct reeve_error *e)
{
	const struct reeve_service *s = reeve_service(r->worker);

	for (size_t i = 0; i < s->n_listeners; i++) {
		const struct route *route = options_route(r->options, s->listeners[i].name);

		if (route == NULL || (s->listeners[i].ssl && route->certificates_n == 0)) {
			(void)snprintf(e->text, sizeof e->text, "listener '%.60s' has no %s",
				s->listeners[i].name, route == NULL ? "--listener" : "--certificate");
			return -1;
		}
	}
	return 0;
}

static int open_contexts(struct relay *r, struct reeve_error *e)
{
	for (size_t i = 0; i < r->options->routes_n; i++)
		if (context_open(&r->contexts[i], r->worker, &r->options->routes[i], e) < 0)
			return -1;
	return 0;
}

static void close_contexts(struct relay *r)
{
	for (size_t i = 0; i < r->options->routes_n; i++)
		context_close(&r->contexts[i]);
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct relay relay = {.options = &options};
	struct reeve_error error = {""};
	int result = EXIT_START;

	if (argc >= 2 && strcmp(argv[1], "check") == 0)
		return check_run(argv + 2);
	raise_limit();
	if (options_read(&options, argc, argv, &error) == 0 && reeve_start(&relay.worker, &error) == 0 &&
		check_listeners(&relay, &error) == 0 && open_contexts(&relay, &error) == 0) {
		result = relay_run(&relay) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
		(void)strncpy(error.text, strerror(errno), sizeof error.text - 1);
	}
	if (result != EXIT_SUCCESS)
		reeve_log(relay.worker, REEVE_FATAL, "%s", error.text);
	close_contexts(&relay);
	reeve_stop(&relay.worker);
	return result;
}
