/* pool: how many processes of a service to start and how many to let go. Pure: no clock, no I/O,
 * no allocation; the master and the simulator run this same code.
 *
 * The idea. Policies vote; the meet of their votes is the *standing order*. The pool keeps what is
 * true (which process is in which state) and pool_step compares the two. A process's state is the
 * list it stands on, so counts and "longest idle" cost nothing.
 *
 *   live = starting + idle + busy + leaving. Draining ones are not counted.
 *   avail = processes able to take one more client, starting ones included, leaving ones not.
 *   floor = max(at_least, live - avail + spare); ceiling = min(at_most, process_limit).
 *
 * Growth happens only below the floor (or when clients wait and nobody can take them), shrinking
 * only above max(shrink_to, floor) or above the ceiling: so one step never does both, and a step
 * that was carried out has nothing more to do. (After Dovecot's service-monitor and the study of
 * its peers in docs/WHY.md.)
 *
 * All times are milliseconds on one monotonic clock; 0 means none. */
#ifndef REEVE_POOL_POOL_H
#define REEVE_POOL_POOL_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

#define POOL_NO_LIMIT UINT32_MAX

enum pool_state {
	POOL_STARTING, /* has not reported yet; counts as able to take client_limit clients */
	POOL_IDLE,     /* has no client */
	POOL_BUSY,
	POOL_LEAVING,  /* idle, and asked to go; may still refuse */
	POOL_DRAINING, /* takes no more clients; finishes the ones it has */
	POOL_STATES,
};

enum pool_mode {
	POOL_NORMAL,
	POOL_STRESS,
	POOL_SHED, /* close waiting clients at once */
};

/* What the engine wants of one service until it says otherwise. */
struct standing {
	uint32_t at_least;  /* floor on live processes */
	uint32_t at_most;   /* ceiling; POOL_NO_LIMIT: none */
	uint32_t spare;     /* floor on available processes */
	uint32_t burst;     /* most starts in one step; POOL_NO_LIMIT: any */
	uint32_t shrink_to; /* idle ones beyond this may go; POOL_NO_LIMIT: nobody said so */
	bool on_demand;     /* start one process for each client that waits */
	uint8_t mode;       /* enum pool_mode */
	uint64_t hold_until;
	uint64_t as_of; /* when the vote was made: only those idle since before may go */
	uint32_t throttle_first, throttle_most; /* delays after failed starts; 0: 2 s and 60 s */
};

/* One process, embedded in the owner's struct. */
struct pool_process {
	struct link link;   /* on pool->in[state] */
	uint8_t state;      /* enum pool_state */
	bool reported;      /* has sent a status */
	bool deaf;          /* ignored being asked to go and has not spoken since */
	bool doubtful;      /* was asked to go and said 0: it has a client, or is about to end */
	bool reports;       /* as the pool's was when it was started, like the next one: */
	uint32_t limit;     /* clients it can take; a reload changes them for later processes only */
	uint32_t available; /* clients it can still take, as it said */
	uint32_t clients;
	uint64_t accepted; /* clients taken in its life */
	uint64_t since;    /* in this state */
};

struct pool {
	/* limits, set by the owner; may change between steps */
	uint32_t process_limit;
	uint32_t client_limit;
	uint64_t service_count; /* 0: unlimited */
	bool reports; /* it is known who has how many clients; false: processes are available from when they
		       * are up to their end, and a spare one is one that lives */
	bool stopped; /* the operator or the end of the daemon: no starts */
	bool once;    /* a job (type startup): after an end with status 0 no floor holds */
	uint64_t again_ms; /* of `once`: the job runs again this long after its start; 0: never */

	/* the truth, kept by pool_* */
	struct list in[POOL_STATES];
	uint32_t available; /* processes with available > 0 among starting, idle and busy */
	uint32_t clients;
	uint32_t doubtful; /* processes */
	uint64_t throttled_until;
	uint32_t throttle_next; /* the next delay; 0: first */
	uint32_t starved_next;  /* the same for pool_starved */
	bool ever_ok;           /* a process has ended well, or lived long enough */
	uint64_t job_began;     /* of `once`: the last start */
	bool done;              /* of `once`: the job has ended well; pool_reset: it may run again */
	uint64_t failure_second;
	uint32_t failures_in_second;

	/* counters for ever */
	uint64_t arrivals, served, starts, start_failures, exits, crashes;
};

/* What holds growth back; for people and for tests. */
enum pool_brake {
	POOL_FREE,
	POOL_AT_LIMIT,   /* process_limit */
	POOL_AT_CEILING, /* at_most */
	POOL_AT_DOUBLE,  /* live and draining together would pass twice process_limit */
	POOL_HELD,       /* hold_until */
	POOL_THROTTLED,
	POOL_STOPPED,
	POOL_BURST,
};

struct pool_actions {
	uint32_t start;        /* processes to start now */
	uint32_t ask;          /* that many of the longest idle are to be asked to go: pool_victim */
	enum pool_brake brake; /* why start is less than wanted */
	uint64_t wake;         /* step again by then; 0: no need */
};

void pool_init(struct pool *p);

/* A standing order without an opinion: nothing starts, nothing goes. */
void standing_init(struct standing *s);

/* What restricts without end is clipped (hold: 60 s ahead of `now`). */
void standing_clip(struct standing *s, uint64_t now);

/* What only restricts is withdrawn: the engine is away. Returns whether anything changed. */
bool standing_withdraw(struct standing *s);

/* The next step. `waiting`: clients in the queues of the listeners (0 when nobody looked).
 * Pure: the pool is not changed. */
struct pool_actions pool_step(const struct pool *p, const struct standing *s, uint32_t waiting, uint64_t now);

/* The idle process that goes first (longest idle), or NULL. */
struct pool_process *pool_victim(const struct pool *p);

/* --- what happened, told by the owner */

/* A process was started. Its memory is the owner's; `pp` need not be initialised. */
void pool_started(struct pool *p, struct pool_process *pp, uint64_t now);

/* A process that an earlier owner of the pool has started: every member of `pp` but the link is what it was.
 * They come in the order in which they stood on the pool's lists. */
void pool_resumed(struct pool *p, struct pool_process *pp);

/* A process is known to be up without having reported (contracts without status). */
void pool_up(struct pool *p, struct pool_process *pp, uint64_t now);

/* It said how many more clients it takes. Values above client_limit are clamped: returns false
 * when it had to. A process whose service_count is used up drains (with client_limit > 1; a
 * process for one client is simply busy to its end). A draining one that says 0 keeps the clients that it
 * had. */
bool pool_status(struct pool *p, struct pool_process *pp, uint32_t available, uint64_t now);

/* It was asked to go and has not been heard of since. */
void pool_asked(struct pool *p, struct pool_process *pp, uint64_t now);

/* It ignored that: it counts as busy. */
void pool_refused(struct pool *p, struct pool_process *pp, uint64_t now);

/* It will say nothing more (its status pipe is closed): it counts as busy with the clients it had. */
void pool_silent(struct pool *p, struct pool_process *pp, uint64_t now);

/* It was told to drain. */
void pool_drain(struct pool *p, struct pool_process *pp, uint64_t now);

/* How a process ended. */
struct pool_end {
	bool ok;    /* status 0 */
	bool asked; /* it had been told to go, or was killed by us */
	uint64_t age;
	bool too_soon; /* without having done what it was started for, whatever its status: a failed start */
};

/* It is gone: off every list. Failures throttle the service by the standing order's delays
 * (doubling, forgotten after an end with status 0): one before the first status or too soon always, later
 * ones only when more than 10 fall into one second and the service has never worked, so that a client who
 * crashes his own session cannot stop a service for others. Returns whether it throttled. */
bool pool_gone(struct pool *p, struct pool_process *pp, const struct standing *s, const struct pool_end *end,
	uint64_t now);

/* A process could not even be started (a step before exec). */
void pool_start_failed(struct pool *p, const struct standing *s, uint64_t now);

/* The machine has no process, file or memory to give: no fault of the service. Tried again after 100 ms,
 * doubling to 1 s, so that it goes on soon after the shortage. */
void pool_starved(struct pool *p, uint64_t now);

/* An operator's reset or start: no throttle, the shortest delay next, a job runs again. */
void pool_reset(struct pool *p);

static inline uint32_t pool_live(const struct pool *p)
{
	return p->in[POOL_STARTING].count + p->in[POOL_IDLE].count + p->in[POOL_BUSY].count +
	       p->in[POOL_LEAVING].count;
}

const char *pool_state_name(enum pool_state state);
const char *pool_brake_name(enum pool_brake brake);

#endif
