/* status: what the master must know. Nothing here fails: a master that is gone needs no reports. */
#include "worker/status.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#define GAP_MS 1000 /* between two reports that can wait */

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void status_init(
	struct status *s, int fd, int32_t pid, uint32_t id, uint32_t client_limit, uint32_t service_count)
{
	*s = (struct status){
		.fd = fd,
		.pid = pid,
		.id = id,
		.limit = client_limit,
		.counted = service_count > 0,
		.left = service_count,
	};
}

uint32_t status_available(const struct status *s)
{
	uint32_t room = s->counted ? least(s->limit, s->left) : s->limit;

	return s->closed || room < s->clients ? 0 : room - s->clients;
}

bool status_used_up(const struct status *s)
{
	return s->counted && s->left <= s->clients;
}

/* 0: the master has it. Otherwise errno. */
static int send_message(const struct status *s, uint32_t available)
{
	struct status_message message = {s->pid, s->id, available};
	ssize_t n;

	do {
		n = write(s->fd, &message, sizeof message);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

void status_report(struct status *s, uint64_t now)
{
	uint32_t available = status_available(s);
	bool important = !s->told || available == 0 || s->sent == 0;
	int error;

	s->due_ms = 0;
	s->blocked = false;
	if (s->fd < 0 || !s->ready || (s->told && available == s->sent))
		return;
	if (!important && now < s->sent_ms + GAP_MS) {
		s->due_ms = s->sent_ms + GAP_MS;
		return;
	}
	error = send_message(s, available);
	if (error == 0) {
		s->told = true;
		s->sent = available;
		s->sent_ms = now;
	} else if (error == EAGAIN && important) {
		s->blocked = true;
	} else if (error == EAGAIN) {
		s->due_ms = now + GAP_MS; /* this one is dropped; what is true then goes then */
	} else {
		s->fd = -1;
	}
}

void status_ready(struct status *s, uint64_t now)
{
	s->ready = true;
	status_report(s, now);
}

void status_taken(struct status *s, uint64_t now)
{
	assert(status_available(s) > 0);
	s->clients++;
	status_report(s, now);
}

void status_finished(struct status *s, uint64_t now)
{
	assert(s->clients > 0);
	s->clients--;
	if (s->counted)
		s->left--;
	status_report(s, now);
}

void status_close(struct status *s, uint64_t now)
{
	s->closed = true;
	status_report(s, now);
}
