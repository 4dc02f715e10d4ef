/* carry_field: the tables, and what is done by them. A value that does not fit its row is -1 and a sentence.
 */
#include "master/carry_field.h"

#include "base/mem.h"
#include "master/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FD_MOST (1 << 30)

#define OF(type, member) (((type *)0)->member)
/* clang-format off */
#define TYPE(x)                                                                                              \
	_Generic((x), bool: CARRY_FLAG, char *: CARRY_TEXT, int: CARRY_SIGNED, long: CARRY_SIGNED,           \
		default: CARRY_UNSIGNED)
#define SIZE(type, member) offsetof(type, member), sizeof(OF(type, member))
#define ROW(type, member)         {#member, TYPE(OF(type, member)), SIZE(type, member), 0}
#define UP_TO(type, member, most) {#member, CARRY_UNSIGNED, SIZE(type, member), most}
#define FD(type, member)          {#member, CARRY_FD, SIZE(type, member), 0}
#define CHARS(type, member)       {#member, CARRY_CHARS, SIZE(type, member), 0}
#define FIELDS(name)              const struct carry_fields carry_##name = {name##_rows, sizeof name##_rows / sizeof name##_rows[0]}
/* clang-format on */

#define M(member) ROW(struct master, member)
static const struct carry_field master_rows[] = {
	M(is_daemon),
	M(buries),
	M(open_files),
	M(generation),
	M(next_id),
	M(budget_second),
	M(budget_used),
	M(base_dir),
	FD(struct master, lock),
	FD(struct master, bundle),
	FD(struct master, state),
	FD(struct master, tail),
	FD(struct master, control.fd),
	M(control.dev),
	M(control.ino),
	M(control.at.address),
	M(control.at.mode),
	M(control.at.uid),
	M(control.at.gid),
	FD(struct master, doveadm.fd),
	M(doveadm.dev),
	M(doveadm.ino),
	FD(struct master, log.fds[0]),
	FD(struct master, log.fds[1]),
	FD(struct master, log.engine[0]),
	FD(struct master, log.engine[1]),
	M(log.speaks_reeve),
	M(log.opens_files),
	M(log.given),
	M(log.told_lost),
	M(log.nudges),
	FD(struct master, anvil.shared[0]),
	FD(struct master, anvil.shared[1]),
	FD(struct master, anvil.own[0]),
	FD(struct master, anvil.own[1]),
	FD(struct master, anvil.log_fds[0]),
	FD(struct master, anvil.log_fds[1]),
	M(anvil.is_open),
	M(anvil.runs),
	M(anvil.ran),
	M(manager.watchdog_ms),
	M(manager.fed),
	M(manager.is_ready),
	M(manager.is_reloading),
	CHARS(struct master, manager.status),
	M(upgrade.is_hangup),
	CHARS(struct master, upgrade.id),
};
FIELDS(master);
#undef M

#define S(member) ROW(struct service, member)
static const struct carry_field service_rows[] = {
	S(number),
	S(generation),
	S(dropped),
	S(accept_next),
	S(source_warned),
	FD(struct service, log.fds[0]),
	FD(struct service, log.fds[1]),
	S(log.at),
	S(log.only),
	FD(struct service, login.fd),
	S(login.is_full),
	S(login.is_due),
	S(login.told),
	S(limit.since),
	S(limit.warned),
	S(limit.dropping),
	S(sequence.is_up),
	S(sequence.is_due),
	S(sequence.went_with),
	CHARS(struct service, sequence.waits),
	S(standing.at_least),
	S(standing.at_most),
	S(standing.spare),
	S(standing.burst),
	S(standing.shrink_to),
	S(standing.on_demand),
	UP_TO(struct service, standing.mode, POOL_SHED),
	S(standing.hold_until),
	S(standing.as_of),
	S(standing.throttle_first),
	S(standing.throttle_most),
	S(pool.stopped),
	S(pool.throttled_until),
	S(pool.throttle_next),
	S(pool.starved_next),
	S(pool.ever_ok),
	S(pool.job_began),
	S(pool.done),
	S(pool.failure_second),
	S(pool.failures_in_second),
	S(pool.arrivals),
	S(pool.served),
	S(pool.starts),
	S(pool.start_failures),
	S(pool.exits),
	S(pool.crashes),
};
FIELDS(service);
#undef S

#define P(member) ROW(struct process, member)
static const struct carry_field process_rows[] = {
	UP_TO(struct process, pool.state, POOL_STATES - 1),
	P(pool.reported),
	P(pool.deaf),
	P(pool.doubtful),
	P(pool.reports),
	P(pool.limit),
	P(pool.available),
	P(pool.clients),
	P(pool.accepted),
	P(pool.since),
	P(asked),
	P(mute),
	UP_TO(struct process, mode, POOL_SHED),
	P(pid),
	P(generation),
	P(born),
	FD(struct process, status_fd),
	FD(struct process, dead_fd),
	FD(struct process, pidfd),
	UP_TO(struct process, step, STEP_KILL),
	P(due),
	P(finish_by),
	P(last_signal),
	P(bad_messages),
	FD(struct process, ready.fd),
	FD(struct process, notice.sock),
	P(notice.is_reloading),
	P(notice.reload_usec),
	P(notice.complained),
	CHARS(struct process, notice.said),
	P(alive.missed),
	P(alive.watchdog_ms),
	P(heir.pid),
	FD(struct process, heir.pidfd),
	P(source.family),
	{"source.bytes", CARRY_UNSIGNED, offsetof(struct process, source.bytes), sizeof(uint64_t), 0},
};
FIELDS(process);
#undef P

static const struct carry_field watched_rows[] = {
	FD(struct watched, listener.fd),
	ROW(struct watched, listener.dev),
	ROW(struct watched, listener.ino),
	ROW(struct watched, listener.is_managers),
};
FIELDS(watched);

static const struct carry_field stored_rows[] = {
	FD(struct stored_fd, fd),
	ROW(struct stored_fd, stays),
};
FIELDS(stored);

static const struct carry_field passed_rows[] = {
	FD(struct passed, fd),
	ROW(struct passed, is_used),
};
FIELDS(passed);

static const struct carry_field file_rows[] = {
	FD(struct file_definition, fd),
	ROW(struct file_definition, dev),
	ROW(struct file_definition, ino),
	ROW(struct file_definition, size),
	ROW(struct file_definition, changed.tv_sec),
	ROW(struct file_definition, changed.tv_nsec),
};
FIELDS(file);

#define L(member) ROW(struct listener_definition, member)
static const struct carry_field inet_rows[] = {
	L(address),
	L(port),
	L(ssl),
	L(haproxy),
	L(reuse_port),
};
FIELDS(inet);

static const struct carry_field path_rows[] = {
	UP_TO(struct listener_definition, kind, LISTENER_FIFO),
	L(mode),
	L(uid),
	L(gid),
};
FIELDS(path);
#undef L

/* ---- out */

union number {
	uint8_t one;
	uint16_t two;
	uint32_t four;
	uint64_t eight;
};

static uint64_t load(const struct carry_field *f, const char *at)
{
	union number u = {.eight = 0};

	memcpy(&u, at, f->size);
	return f->size == 1 ? u.one : f->size == 2 ? u.two : f->size == 4 ? u.four : u.eight;
}

static int64_t load_signed(const struct carry_field *f, const char *at)
{
	uint64_t n = load(f, at);

	return f->size == 4 ? (int64_t)(int32_t)(uint32_t)n : (int64_t)n;
}

static void put_number(struct carry_sink *to, const struct carry_field *f, const char *at)
{
	char text[24];

	if (f->type == CARRY_UNSIGNED || f->type == CARRY_FLAG)
		(void)snprintf(text, sizeof text, "%" PRIu64, load(f, at));
	else
		(void)snprintf(text, sizeof text, "%" PRId64, load_signed(f, at));
	to->line(to, f->name, text);
}

static void put_one(struct carry_sink *to, const struct carry_field *f, char *at)
{
	int fd = -1;
	char *text;

	if (f->type == CARRY_FD) {
		memcpy(&fd, at, sizeof fd);
		if (fd < 0)
			return;
		if (to->fd != NULL) {
			to->fd(to, &fd);
			memcpy(at, &fd, sizeof fd);
		}
	}
	if (to->line == NULL)
		return;
	if (f->type == CARRY_CHARS) {
		to->line(to, f->name, at);
	} else if (f->type == CARRY_TEXT) {
		memcpy(&text, at, sizeof text);
		if (text != NULL)
			to->line(to, f->name, text);
	} else {
		put_number(to, f, at);
	}
}

void carry_put(struct carry_sink *to, const struct carry_fields *fields, void *object)
{
	for (size_t i = 0; i < fields->n; i++)
		put_one(to, &fields->rows[i], (char *)object + fields->rows[i].offset);
}

/* ---- in */

static bool fits(const struct carry_field *f, uint64_t n)
{
	if (f->type == CARRY_FLAG)
		return n <= 1;
	if (f->most != 0 && n > f->most)
		return false;
	return f->size == 8 || n >> (8 * f->size) == 0;
}

static void store(const struct carry_field *f, char *at, uint64_t n)
{
	union number u = {.eight = n};

	if (f->size == 1)
		u.one = (uint8_t)n;
	else if (f->size == 2)
		u.two = (uint16_t)n;
	else if (f->size == 4)
		u.four = (uint32_t)n;
	memcpy(at, &u, f->size);
}

static int take_unsigned(const struct carry_field *f, char *at, const char *value)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || !fits(f, n))
		return -1;
	store(f, at, n);
	return 0;
}

static int take_signed(const struct carry_field *f, char *at, const char *value)
{
	char *end;
	int64_t n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (value[0] == '\0' || *end != '\0' || errno != 0 ||
		(f->size == 4 && (n < INT32_MIN || n > INT32_MAX)) ||
		(f->type == CARRY_FD && (n < 0 || n > FD_MOST)))
		return -1;
	store(f, at, (uint64_t)n);
	return 0;
}

static int take_text(char *at, const char *value)
{
	char *text;

	memcpy(&text, at, sizeof text);
	mem_free(&text);
	text = mem_text(value);
	memcpy(at, &text, sizeof text);
	return 0;
}

static int take_chars(const struct carry_field *f, char *at, const char *value)
{
	size_t n = strlen(value);

	if (n >= f->size)
		return -1;
	memcpy(at, value, n + 1);
	return 0;
}

static int take_one(const struct carry_field *f, char *at, const char *value)
{
	switch (f->type) {
	case CARRY_UNSIGNED:
	case CARRY_FLAG:
		return take_unsigned(f, at, value);
	case CARRY_SIGNED:
	case CARRY_FD:
		return take_signed(f, at, value);
	case CARRY_TEXT:
		return take_text(at, value);
	case CARRY_CHARS:
		return take_chars(f, at, value);
	}
	return -1;
}

int carry_take(
	const struct carry_fields *fields, void *object, const char *name, const char *value, struct err *e)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct carry_field *f = &fields->rows[i];
		if (strcmp(f->name, name) != 0)
			continue;
		if (take_one(f, (char *)object + f->offset, value) == 0)
			return 0;
		return err_set(e, "'%.100s' is not a value of %s", value, name);
	}
	return err_set(e, "there is nothing named '%.100s'", name);
}
