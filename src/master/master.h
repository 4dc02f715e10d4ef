/* master: the whole of reeved, as data. One struct, handed to everybody; no globals.
 *
 * master  -> services -> processes          what runs
 *         -> engine, next                   the policy engine, and the one of a reload under way
 *         -> plan settings, bundle, state   what an engine that is restarted gets */
#ifndef REEVE_MASTER_MASTER_H
#define REEVE_MASTER_MASTER_H

#include "base/list.h"
#include "master/anvil.h"
#include "master/doveadm.h"
#include "master/listener.h"
#include "master/logpipe.h"
#include "master/manager.h"
#include "master/plan.h"
#include "master/remote.h"
#include "master/upgrade.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

struct engine;
struct process;
struct report;
struct service;

enum master_life {
	MASTER_BOOTING, /* the first plan is awaited */
	MASTER_RUNNING,
	MASTER_STOPPING,
};

struct master {
	struct event_base *loop;
	enum master_life life;
	int exit_code;
	bool is_over; /* master_abort was called */
	bool is_root;
	bool buries;         /* others' children become ours: SIGCHLD is heeded */
	uint64_t open_files; /* RLIMIT_NOFILE as we were started: what children get */

	/* how we were started */
	char *config_path;
	char *base_dir_override; /* NULL: the config's */
	char *program;           /* the path that we were started by */
	char *engine_program;
	int handed; /* memfd of a master before this one, whose place we take; -1: none */
	bool is_daemon;
	int ready; /* who started the daemon waits for a byte here; -1: nobody does any more */

	/* what is in force */
	struct spec_global_settings settings;
	uint32_t generation;
	struct list services;       /* struct service, in the plan's order; removed ones behind */
	struct service **by_number; /* [svc - 1] */
	size_t services_n;
	uint32_t listeners_epoch; /* raised when listeners of a service are opened or closed */
	int bundle;               /* memfd of the texts of the plan in force */
	int state;                /* memfd of the policies' st */
	int tail; /* memfd of the last log lines (base/tail.h): held, never read; -1: there is none */
	struct listener control; /* control.c; its address is ours */
	char *base_dir;          /* of the lock and the control socket; NULL before they are taken */
	int lock;
	int diag; /* netlink: queues of unix sockets */
	struct doveadm doveadm;

	/* processes */
	struct process **by_id; /* open hash of all processes, by id */
	size_t by_id_room;
	struct list free_processes;
	uint64_t next_id;
	uint32_t alive;

	struct remote remote; /* as it was when the plan came into force */
	struct manager manager;
	struct upgrade upgrade;
	struct logpipes log;
	struct anvil anvil;

	/* fork_budget */
	uint64_t budget_second;
	uint32_t budget_used;

	struct engine *engine;   /* NULL while it is being restarted */
	struct engine *next;     /* of a reload, NULL without one */
	struct engine *retiring; /* the one before, saying its last words */
	uint32_t reload_ticket;
	uint64_t reload_began;    /* the last one */
	uint64_t engine_delay;    /* back-off of restarts, ms */
	uint64_t engine_seen;     /* last sign of life */
	uint64_t engine_asked;    /* since when a ping has had no answer; 0: none is out */
	bool engine_blame;        /* the last one ended of itself: by what it was doing */
	uint64_t recording_tried; /* when the file of the recording was last opened */
	bool recording_missed;    /* it could not be, and that was said */
	bool withdrawn;           /* restrictions were lifted because the engine is away */
	struct event engine_timer, hangup_timer, orphan_timer, second;
	uint32_t ping_seq;

	struct report *report; /* what goes to the engine */
	struct list touched;   /* services to step in this turn */
	struct event turn;
	struct event sigterm, sigint, sighup, sigusr1, sigusr2, sigchld;
	uint64_t stop_deadline; /* of the daemon's stop_timeout; 0: none */
	uint32_t stop_logged;
	uint32_t stop_told; /* processes alive when it was last said */
};

/* A master without services, processes and descriptors; it has a loop. */
void master_prepare(struct master *m);

/* Runs the daemon to its end; returns the exit code. */
int master_run(struct master *m);

/* Leaves the loop with this code (before anything runs: boot failed). */
void master_abort(struct master *m, int exit_code);

#endif
