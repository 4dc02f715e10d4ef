/* contract: the table of contracts. */
#include "master/contract.h"

#include "master/dovecot.h"
#include "master/environment.h"
#include "master/inetd.h"
#include "master/native.h"
#include "master/systemd.h"

#include <assert.h>
#include <string.h>

static const struct contract contracts[] = {
	{.name = "reeve",
		.reports = true,
		.knows_clients = true,
		.environment = native_environment,
		.fds = native_fds,
		.kit = native_kit},
	{.name = "dovecot",
		.reports = true,
		.knows_clients = true,
		.short_names = true,
		.drops_by_itself = true,
		.environment = dovecot_environment,
		.fds = native_fds,
		.kit = native_kit},
	{.name = "systemd",
		.blocks = true,
		.notifies = true,
		.logs_stdout = true,
		.own_session = true,
		.takes_its_own = true,
		.environment = systemd_environment,
		.fds = systemd_fds,
		.kit = systemd_kit},
	{.name = "inetd",
		.knows_clients = true,
		.accepts = true,
		.own_session = true,
		.environment = inetd_environment,
		.fds = environment_plain_fds,
		.kit = inetd_kit},
	{.name = "inetd", .wait = true, .blocks = true, .own_session = true, .fds = inetd_wait_fds},
	{.name = "plain",
		.logs_stdout = true,
		.own_session = true,
		.takes_its_own = true,
		.fds = environment_plain_fds},
};

const struct contract *contract_find(const char *name, bool wait)
{
	for (size_t i = 0; i < sizeof contracts / sizeof *contracts; i++)
		if (strcmp(contracts[i].name, name) == 0 &&
			(contracts[i].wait == wait || strcmp(name, "inetd") != 0))
			return &contracts[i];
	return NULL;
}

void kit_add(struct kit *k, int fd)
{
	assert(k->n < KIT_FDS);
	k->theirs[k->n++] = fd;
}
