/* links: master/notify master/foreign; fuzz_notify: a datagram of sd_notify. What comes out is bounded, ends,
 * and its texts are valid. */
#include "master/notify.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notice n, again;
	char text[NOTIFY_TEXT + 8] = "STATUS=";

	notify_parse((const char *)data, size, &n);
	require(memchr(n.status, '\0', sizeof n.status) != NULL &&
		memchr(n.fd_name, '\0', sizeof n.fd_name) != NULL);
	for (const char *c = n.status; *c != '\0'; c++)
		require((unsigned char)*c >= 0x20 && *c != 0x7f);
	require((n.said & NOTIFY_MAINPID) == 0 || (n.main_pid > 1 && n.main_pid <= INT32_MAX));
	require((n.said & NOTIFY_ERRNO) == 0 || (n.error > 0 && n.error < 4096));
	memcpy(text + 7, n.status, strlen(n.status) + 1);
	notify_parse(text, strlen(text), &again);
	require(strcmp(again.status, n.status) == 0);
	return 0;
}
