/* heir: a process that goes on for the one we started: MAINPID= of sd_notify, or the pid file of a program
 * that puts itself into the background. It is named while the first one lives and takes its place when that
 * ends.
 *
 * Who can be one: a process that runs as the service does, is no other process of ours, and has become our
 * child when the one we started has ended (we are a subreaper). So nobody can name a process that another
 * service or user started. */
#ifndef REEVE_MASTER_HEIR_H
#define REEVE_MASTER_HEIR_H

#include <stdbool.h>
#include <sys/types.h>

struct process;

struct heir {
	pid_t pid;
	int pidfd; /* -1: there is none */
};

/* It is named. False: it may not be one. */
bool heir_name(struct process *p, pid_t pid);

/* The process has ended: its heir, if there is one, is in its place from here on. */
bool heir_succeeds(struct process *p);

#endif
