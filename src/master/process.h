/* process: one child: started, heard, buried. How it is told to go: ladder.h; where it is found by its
 * id: process_table.h; what it gets and how it reports: contract.h.
 *
 * It has fds of ours: its pidfd, and by its contract a status pipe and a dead pipe, or the socket of its
 * notices. Its identity is those fds; the pid and uid in a message are only checked. Closing the read end of
 * the dead pipe tells it to take no more clients and to leave when it has finished. */
#ifndef REEVE_MASTER_PROCESS_H
#define REEVE_MASTER_PROCESS_H

#include "master/alive.h"
#include "master/heir.h"
#include "master/inetd.h"
#include "master/notice.h"
#include "master/service.h"

/* Where it stands on the way out: each step has a deadline and a successor (process.c: ladder). */
enum process_step {
	STEP_NONE,
	STEP_START,  /* it is awaited that it can work */
	STEP_RELOAD, /* it reads its configuration anew */
	STEP_LEAVE,  /* was asked to go when idle */
	STEP_FINISH, /* finishes its clients */
	STEP_SIGNAL, /* was sent stop_signal */
	STEP_KILL,   /* was sent SIGKILL */
};

struct process {
	struct pool_process pool;
	struct link link;  /* service->processes, or master->free_processes */
	struct link dirty; /* report->processes */
	bool is_dirty;
	bool asked;   /* to go, by us: its end is no failure */
	bool mute;    /* it closed its status pipe */
	uint8_t mode; /* that it has been told */
	struct service *service;
	const struct contract *contract; /* that it was started by */
	uint64_t id;
	pid_t pid;
	uint32_t generation;
	uint64_t born;
	int status_fd, dead_fd, pidfd;
	enum process_step step;
	uint64_t due;       /* when the step's time is up; 0: never */
	uint64_t finish_by; /* in STEP_FINISH: the deadline, 0 for none */
	int last_signal;    /* that should have ended it */
	uint32_t bad_messages;
	struct event readable, ended, timer;
	struct readiness ready;
	struct noticed notice;
	struct alive alive;
	struct heir heir;
	struct source source; /* contract inetd: of its client */
};

/* Starts one. -1: it failed (logged, counted, throttled), or there is nothing to start it for. */
int process_start(struct service *s);

/* One that a master before this one has started is watched as if it were ours from the begin. */
void process_resume(struct process *p);

/* A process of a contract without status messages can work from here on. */
void process_is_up(struct process *p);

#endif
