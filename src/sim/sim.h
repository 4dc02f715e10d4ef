/* sim: services, clients and processes in virtual time, over src/pool. The machine and its clients as a
 * model; what the master does about them as the master does it. Pure: no clock, no I/O, no chance but the
 * seed.
 *
 * The idea. Whoever uses it feeds what the world does (sim_client in the order of arrival, sim_crash, ...),
 * lets time pass with sim_run, and plays the engine: sim_run returns when the master would send reports (at
 * its pace, report.c), sim_report hands them out one by one, and the orders that come of them are
 * sim_standing, sim_retire, sim_kill.
 *
 * Where it is a model: a process boots in boot * (1 +- boot_spread) seconds, slower when more than `cpus`
 * boot at once; a client needs the time that was said when he came, however many others are served; the queue
 * is FIFO and the process with the lowest id that is idle takes the next client, then the one with the fewest
 * clients; an order takes effect in the instant in which it was made.
 *
 * Times are microseconds on one clock from 0 on; those of pool.h and of reports are milliseconds of it. */
#ifndef REEVE_SIM_SIM_H
#define REEVE_SIM_SIM_H

#include "pool/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NEVER INT64_MAX

struct sim;

/* How processes, clients and the machine behave; seconds, bytes, shares from 0 to 1. */
struct sim_model {
	double boot, boot_spread, leave, retry_delay, start_failure, crash, memory, leak;
	uint32_t cpus, backlog, retries;
};

/* What the settings of a service say. */
struct sim_limits {
	uint32_t process_limit, client_limit;
	uint64_t service_count; /* 0: unlimited */
	uint32_t target_ms;     /* who waited no longer counts as in time */
};

/* One client to come. */
struct sim_arrival {
	int64_t at, stay, patience; /* patience: SIM_NEVER for a client who never leaves */
	double leak;                /* below 0: the model's */
	bool dies;                  /* his process dies with him */
	bool hostile;               /* takes a place, but does not count for goodput and waits */
	uint32_t service;
};

/* Sums over a service's life. Every client who arrived is one of served, left, refused, lost_crash,
 * lost_ours, or still waiting, in service, or away until he tries again. */
struct sim_sums {
	uint64_t arrived, hostile, served;  /* hostile ones are among all others too */
	uint64_t in_time;                   /* taken within the target and not lost; without the hostile */
	uint64_t left, refused;             /* gave up in the queue; dropped, and did not come again */
	uint64_t dropped;                   /* attempts that found the queue full or were closed by us */
	uint64_t lost_crash, lost_ours;     /* died with their process; killed by our own orders */
	uint64_t taken;                     /* by a process */
	uint64_t waiting, in_service, away; /* now */
	uint64_t starts, start_failures, exits, crashes, retired, killed;
	uint64_t bad_seconds; /* in which a client was taken who had waited too long */
	uint32_t most_processes;
	double process_seconds; /* draining ones too */
};

/* A service at the end of a second, and the extremes since the last look. */
struct sim_second {
	uint32_t live, busy, idle, starting, draining, available, floor, waiting, most_waiting;
	uint64_t dropped, starts, arrived; /* since the last look */
};

enum sim_report_kind { SIM_PROCESS, SIM_POOL, SIM_DEMAND, SIM_LIMIT, SIM_EXIT };

/* One report as the master sends it (wire.def has the fields); `service` counts from 0. */
struct sim_report {
	enum sim_report_kind kind;
	uint32_t service;
	uint64_t now;
	/* process, exit */
	uint64_t process, generation, born, since, served;
	uint32_t state, available, clients; /* clients of an exit: lost ones */
	bool ready;
	/* exit */
	bool ok, asked;
	uint32_t stage, code, signal;
	uint64_t age;
	/* pool, demand, limit */
	uint64_t waiting, arrivals, starts, start_failures, exits, crashes, dropped, throttled_until;
	bool stopped;
};

enum sim_why {
	SIM_UNTIL, /* the time has come */
	SIM_NEWS,  /* reports are due now */
};

struct sim *sim_new(uint64_t seed, size_t services);
void sim_free(struct sim **where);

void sim_limits(struct sim *sim, uint32_t service, const struct sim_limits *limits);
void sim_model_set(struct sim *sim, uint32_t service, const struct sim_model *model);
void sim_memory_total(struct sim *sim, double bytes);

/* Feeds one client; `at` is not before the last one's. */
void sim_client(struct sim *sim, const struct sim_arrival *arrival);
/* How many were fed and have not come yet. */
size_t sim_to_come(const struct sim *sim);

/* Lets time pass up to and with `until`, or to the instant in which reports are due. */
enum sim_why sim_run(struct sim *sim, int64_t until);
int64_t sim_now(const struct sim *sim);

/* The next report that is due, or false when this batch is at its end. */
bool sim_report(struct sim *sim, struct sim_report *report);
/* Everything is to be reported, as to a new engine. */
void sim_report_all(struct sim *sim);

/* --- orders of the engine, and of operators */
void sim_standing(struct sim *sim, uint32_t service, const struct standing *order);
/* deadline_ms 0: none. Unknown processes are ignored, as by the master. */
void sim_retire(struct sim *sim, uint64_t id, uint64_t deadline_ms);
void sim_kill(struct sim *sim, uint64_t id);
void sim_stop(struct sim *sim, uint32_t service, bool stopped);
void sim_reset(struct sim *sim, uint32_t service);

/* --- what else the world does */
/* n processes die by a signal: busy ones first, longest busy first. */
void sim_crash(struct sim *sim, uint32_t service, uint32_t n);
/* Processes that start from now on are of a new generation. */
void sim_renew(struct sim *sim, uint32_t service);

/* --- looking */
struct sim_sums sim_sums(const struct sim *sim, uint32_t service);
struct sim_second sim_second(struct sim *sim, uint32_t service);
/* How long the share q (0 to 1) of those taken waited at most, in seconds; 0 when nobody was taken. */
double sim_wait(struct sim *sim, uint32_t service, double q);
/* The private bytes of all processes; the seconds in which they were more than the machine has, and the most.
 */
double sim_memory(const struct sim *sim);
double sim_memory_over(const struct sim *sim);
double sim_memory_most(const struct sim *sim);
/* Its integral over time. */
double sim_memory_seconds(const struct sim *sim);
/* The private bytes of the i-th process of the service, in the order of ids, and its id; false beyond the
 * last. */
bool sim_process_memory(const struct sim *sim, uint32_t service, size_t i, uint64_t *id, double *bytes);

#endif
