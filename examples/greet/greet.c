/* greet: writes 16 bytes and hangs up. The smallest worker there is, for benchmarks. It speaks the same
 * wire as Dovecot's services, so Dovecot's master runs the same binary. */
#include <reeve.h>
#include <sys/socket.h>

int main(void)
{
	static const char greeting[16] = "hello from here\n";
	struct reeve_worker *worker;
	struct reeve_client client;
	struct reeve_error error;

	if (reeve_start(&worker, &error) < 0) {
		reeve_log(NULL, REEVE_FATAL, "%s", error.text);
		return 78;
	}
	/* Nobody waits for a client that takes microseconds, so any client_limit is right here. */
	while (reeve_accept(worker, &client) > 0) {
		(void)send(client.fd, greeting, sizeof greeting, MSG_NOSIGNAL);
		reeve_end(worker, &client);
	}
	reeve_stop(&worker);
	return 0;
}
