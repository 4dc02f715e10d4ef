/* kind: the table of types. */
#include "master/kind.h"

#include "master/anvil.h"
#include "master/log_outfit.h"
#include "master/log_process.h"
#include "master/login.h"

#include <string.h>

#define WORKER_QUIET_MS 500 /* a worker is soon free again: no word about a limit that short */

static const struct kind kinds[] = {
	{.name = ""},
	{.name = "startup", .once = true},
	{.name = "login",
		.never_drops = true,
		.extra = login_file,
		.counted = login_counted,
		.ended = login_ended,
		.full = login_full},
	{.name = "worker", .quiet_ms = WORKER_QUIET_MS},
	{.name = "log",
		.single = true,
		.by_signal = true,
		.keeps_stderr = true,
		.without_anvil = true,
		.without_config = true,
		.rank = 2,
		.dress = log_outfit_dress,
		.starting = log_process_starting,
		.started = log_process_started,
		.up = log_process_up,
		.leave = log_process_leave,
		.ended = log_process_ended},
	{.name = "config", .without_anvil = true, .without_config = true, .outdates = true},
	{.name = "anvil",
		.single = true,
		.by_signal = true,
		.without_anvil = true,
		.rank = 1,
		.dress = anvil_dress,
		.extra = anvil_log_socket,
		.started = anvil_started,
		.ended = anvil_ended},
};

const struct kind *kind_find(const char *type)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, type) == 0)
			return &kinds[i];
	return NULL;
}
