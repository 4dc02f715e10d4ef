/* process: one child: started, heard, buried. How it is told to go: ladder.h; where it is found by its
 * id: process_table.h.
 *
 * It has three fds of ours: its status pipe, its dead pipe and its pidfd. Its identity is those
 * fds; the pid and uid in a message are only checked. Closing the read end of the dead pipe tells
 * it to take no more clients and to leave when it has finished. */
#ifndef REEVE_MASTER_PROCESS_H
#define REEVE_MASTER_PROCESS_H

#include "master/service.h"

/* Where it stands on the way out: each step has a deadline and a successor (process.c: ladder). */
enum process_step {
	STEP_NONE,
	STEP_START,  /* its first status is awaited */
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
	bool asked; /* to go, by us: its end is no failure */
	bool mute;  /* it closed its status pipe */
	uint8_t mode; /* that it has been told */
	struct service *service;
	uint64_t id;
	pid_t pid;
	uint32_t generation;
	uint64_t born;
	int status_fd, dead_fd, pidfd;
	enum process_step step;
	uint64_t finish_by; /* in STEP_FINISH: the deadline, 0 for none */
	uint32_t bad_messages;
	struct event readable, ended, timer;
};

/* Starts one. -1: it failed (logged, counted, throttled). */
int process_start(struct service *s);

#endif
