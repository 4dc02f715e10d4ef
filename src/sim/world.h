/* world: what the files of this room share; sim.h is what others see. */
#ifndef REEVE_SIM_WORLD_H
#define REEVE_SIM_WORLD_H

#include "sim/heap.h"
#include "sim/sim.h"

enum happening {
	HAPPENS_BOOTED,
	HAPPENS_BOOT_FAILED,
	HAPPENS_LEAVES,   /* a process, of itself */
	HAPPENS_DEADLINE, /* a process that was to have finished */
	HAPPENS_FINISHED, /* a client */
	HAPPENS_DIES,     /* a client's process */
	HAPPENS_GIVES_UP, /* a client who waits */
	HAPPENS_RETURNS,  /* a client who was dropped */
	HAPPENS_STEP,     /* a service: its pool wanted to be asked again */
	HAPPENINGS,
};

enum client_state { CLIENT_AWAY, CLIENT_WAITING, CLIENT_SERVED };

struct client {
	struct link link; /* service->queue, process->serving or sim->clients_free */
	uint32_t serial;
	uint8_t state; /* enum client_state */
	bool dies, hostile, in_time;
	uint32_t tries;
	uint64_t number;
	int64_t came, stay, patience;
	double leak;
	struct service *service;
	struct process *process;
};

struct process {
	struct pool_process pool;
	struct link marked;  /* sim->marked, when its gauge has changed */
	struct link free;    /* sim->processes_free */
	struct list serving; /* clients */
	struct service *service;
	uint32_t serial; /* another one in this memory has another */
	uint64_t id, generation;
	int64_t born;
	uint64_t taken;
	double memory;
	bool ready, is_marked;
};

struct service {
	struct sim *sim;
	uint32_t number;
	struct pool pool;
	struct standing standing;
	struct sim_model model;
	struct sim_limits limits;
	uint64_t generation;
	struct list queue;          /* clients who wait */
	struct process **processes; /* in the order of ids */
	size_t processes_n, processes_room;
	uint64_t not_before, wake;        /* ms, of steps */
	uint64_t limit_since, limit_said; /* ms; as src/master/limit.c */
	bool dropping, is_marked, stirred, said_waiting;
	struct sim_sums sums;
	int64_t bad_second;
	uint32_t most_waiting;
	struct sim_second looked; /* counters at the last look */
	float *waits;             /* of those taken, in the order of taking, seconds */
	size_t waits_n, waits_room;
	bool waits_sorted;
};

struct sim {
	int64_t now;
	uint64_t seed, last_process, last_client;
	struct heap heap;
	struct service *services;
	size_t services_n;
	struct list marked, clients_free, processes_free;
	struct sim_arrival *to_come; /* a ring */
	size_t to_come_first, to_come_n, to_come_room;
	struct sim_report *events; /* queued, in order */
	size_t events_first, events_n, events_room;
	int64_t paced_at, due; /* see news.c */
	bool any_marked;
	double memory, memory_total, memory_over, memory_most, memory_seconds;
	uint32_t booting;
};

static inline uint64_t ms_of(const struct sim *sim)
{
	return (uint64_t)(sim->now / 1000);
}

static inline int64_t us_of(double seconds)
{
	return seconds < 9e12 ? (int64_t)(seconds * 1e6 + 0.5) : SIM_NEVER;
}

/* Plans; beyond the end of time is never. */
void sim_plan(struct sim *sim, int64_t delay, enum happening kind, uint32_t serial, void *who);

/* --- clients.c */
void clients_arrive(struct sim *sim, const struct sim_arrival *arrival);
/* Those who wait go to the processes that have room. */
void clients_take_places(struct service *s);
/* All who wait are closed: the limit's patience is at its end, or the mode is shed. */
void clients_drop_waiting(struct service *s);
/* The process is no more: its clients are lost, by our own doing or not. Returns how many. */
uint32_t clients_lost(struct process *p, bool ours);
void client_finished(struct client *c);
void client_gives_up(struct client *c);
void client_returns(struct client *c);

/* --- processes.c */
void process_start(struct service *s);
void process_booted(struct process *p);
struct process_end {
	bool ok, asked;
	uint32_t signal;
	bool in_startup;
};
void process_gone(struct process *p, struct process_end how);
/* A client of it came or went. */
void process_status(struct process *p);
/* It has no client and is not to take more. */
void process_leaves_if_done(struct process *p);
uint32_t process_room(const struct process *p);
struct process *process_find(struct sim *sim, uint64_t id);
/* The pool's next steps, until it has nothing more to do. */
void service_step(struct service *s);

/* --- news.c */
void news_mark_process(struct process *p);
void news_mark_service(struct service *s);
/* Its last gauge goes before what follows. */
void news_forget(struct process *p);
void news_event(struct sim *sim, const struct sim_report *event);
/* When reports are to be sent; SIM_NEVER when there are none. Called at the end of each instant. */
int64_t news_due(struct sim *sim);

#endif
