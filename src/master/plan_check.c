/* plan_check: what no single message of a plan can know. */
#include "master/contract.h"
#include "master/kind.h"
#include "master/plan.h"
#include "master/ready.h"
#include "master/rlimits.h"
#include "master/sequence.h"

#include <string.h>
#include <unistd.h>

static int check_numbers(const struct definition *d, struct err *e)
{
	const struct spec_service_settings *s = &d->settings;

	if (s->client_limit < 1)
		return err_set(e, "client_limit must be at least 1");
	if (s->process_limit < 1)
		return err_set(e, "process_limit must be at least 1");
	if (s->process_min_avail > s->process_limit)
		return err_set(e, "process_min_avail %lld is more than process_limit %lld",
			(long long)s->process_min_avail, (long long)s->process_limit);
	if (s->vsz_limit > 0 && s->vsz_limit < 1 << 20)
		return err_set(e, "vsz_limit must be at least \"1M\", or 0 for none");
	return 0;
}

static int check_privileges(const struct definition *d, uid_t engine_uid, bool is_root, struct err *e)
{
	const struct spec_service_settings *s = &d->settings;

	if (is_root && s->user < 0)
		return err_set(e, "no user was given");
	if (!is_root && ((s->user >= 0 && s->user != (int64_t)geteuid()) || s->chroot[0] != '\0'))
		return err_set(e, "without root its processes can have no other user and no chroot");
	if (engine_uid != (uid_t)-1 && engine_uid != 0 && s->user == (int64_t)engine_uid)
		return err_set(e, "user %lld is the policy engine's own; no service may run as it",
			(long long)s->user);
	return 0;
}

/* What its contract can and cannot have. */
static int check_contract(const struct definition *d, struct err *e)
{
	const struct spec_service_settings *s = &d->settings;
	const struct contract *c = contract_find(s->contract, s->wait != 0);
	struct ready_rule ready;
	struct place alive;

	if (c == NULL)
		return err_set(e, "there is no contract '%s'", s->contract);
	if (ready_parse(s->ready, c, &ready, e) < 0)
		return err_prefix(e, "ready");
	if (s->alive[0] != '\0' && place_parse(s->alive, &alive, e) < 0)
		return err_prefix(e, "alive");
	if (strcmp(c->name, "inetd") == 0 && (d->listeners_n == 0 || (c->wait && d->listeners_n > 1)))
		return err_set(e, "contract \"inetd\" needs %s listener; it has %zu",
			c->wait ? "with wait = true exactly one" : "a", d->listeners_n);
	for (size_t i = 0; c->accepts && i < d->listeners_n; i++)
		if (d->listeners[i].kind == LISTENER_FIFO)
			return err_set(
				e, "nobody can be accepted on fifo_listener %s", d->listeners[i].address);
	return 0;
}

static int check_service(const struct plan *plan, const struct definition *d, bool is_root, struct err *e)
{
	if (d->arguments.count == 0 || d->arguments.text[0][0] != '/')
		return err_set(e, "its executable is not an absolute path");
	if (kind_find(d->settings.type) == NULL)
		return err_set(e, "there is no type '%s'", d->settings.type);
	if (check_contract(d, e) < 0 || check_numbers(d, e) < 0 || rlimits_check(d->settings.rlimits, e) < 0)
		return -1;
	return check_privileges(d, plan->engine_uid, is_root, e);
}

static int check_places(const struct plan *plan, size_t i, struct err *e)
{
	const struct definition *d = plan->services[i];

	for (size_t n = 0; n < d->listeners_n; n++)
		for (size_t j = 0; j <= i; j++) {
			const struct definition *other = plan->services[j];
			size_t end = j == i ? n : other->listeners_n;
			for (size_t k = 0; k < end; k++)
				if (listener_definition_is_same_place(&d->listeners[n], &other->listeners[k]))
					return err_set(e, "listener '%s' is also one of service %s",
						d->listeners[n].address, other->name);
		}
	return 0;
}

int plan_check(const struct plan *plan, bool is_root, struct err *e)
{
	if (plan->settings.base_dir[0] != '/')
		return err_set(e, "base_dir '%s' is not an absolute path", plan->settings.base_dir);
	for (size_t i = 0; i < plan->services_n; i++)
		if (check_service(plan, plan->services[i], is_root, e) < 0 || check_places(plan, i, e) < 0)
			return err_prefix(e, "service %s", plan->services[i]->name);
	return sequence_check(plan, e);
}
